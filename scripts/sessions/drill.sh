twinkeel status
twinkeel drill run power-loss --yes
twinkeel status
