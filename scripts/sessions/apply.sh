twinkeel preflight
twinkeel apply
twinkeel plan
