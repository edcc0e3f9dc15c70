"""The soak: a Portico that is asked at a steady rate, while everything goes wrong around it."""
