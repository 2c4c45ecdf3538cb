"""What clients call that needs several services."""
