"""Access to ClickHouse: connections over both protocols, and what its errors mean."""
