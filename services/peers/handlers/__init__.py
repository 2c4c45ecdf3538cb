"""What this service answers, a module for each family of methods. The table in `actor` names them."""
