"""What measured rates say of published figures: verdicts, and why a rate falls short."""
