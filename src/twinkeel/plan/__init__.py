"""What load balancers need, from what they shall have and what they have."""
