"""BGP by FRR, behind the seam of `twinkeel.vip.backend`: what the rest of the house need not know of it."""
