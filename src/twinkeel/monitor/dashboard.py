def dashboard(subject):
    return "{}"
