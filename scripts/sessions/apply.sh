twinkeel preflight | tail -n 1
twinkeel plan | sed -n '/^Order/,$p'
twinkeel apply
twinkeel plan
twinkeel status
