"""What Portico costs, beside a bare relay of bytes: `python -m tests.bench` prints one table."""
