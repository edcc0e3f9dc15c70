"""Everything that shows what Portico does; rows of the contract are cited by their ids."""
