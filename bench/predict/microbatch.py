"""A larger micro-batch for training: fewer passes over the weights, for more memory."""

from dataclasses import replace

from bench.predict.forecast import Prediction, forecast
from bench.predict.learning.learn import Learnt

WORTH = 1.02
"""A larger micro-batch is named if the rate is higher by this factor."""


def with_larger_micro(found: Prediction, known: Learnt) -> Prediction:
    """Returns a prediction of training with ``larger_micro``; any other one as it is.

    Args:
        found: the prediction; of several points, that with the highest rate counts.
        known: the fitted model.
    """
    if not found.recipe or not found.room(place := int(found.tokens_per_s.argmax())).fits:
        return found
    asked = found.scenario
    batch, prompt, output = (one[[place]] for one in (asked.batch, asked.prompt, asked.output))
    best = 0, WORTH * float(found.tokens_per_s[place])
    micro = 2 * int(found.recipe.micro)
    while batch[0] % (micro * asked.split.dp) == 0:
        recipe = replace(found.recipe, micro=float(micro))
        larger = replace(asked, batch=batch, prompt=prompt, output=output, recipe=recipe)
        tried = forecast(found.chip, larger, known)
        if not tried.room().fits:
            break
        best = max(best, (micro, float(tried.tokens_per_s[0])), key=lambda one: one[1])
        micro *= 2
    if not best[0]:
        return found
    return replace(found, larger_micro=(best[0], best[1] / float(found.tokens_per_s[place])))
