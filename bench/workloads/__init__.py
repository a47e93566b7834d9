"""The shapes of language models, and what follows from them: parameters, FLOP and bytes."""
