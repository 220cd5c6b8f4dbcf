"""What live load balancers load: the files that their units name, those that they include, and the scripts. Reads only."""
