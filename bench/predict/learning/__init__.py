"""What measured times say: tables of them, fits, departures of chips, and all that was learnt."""
