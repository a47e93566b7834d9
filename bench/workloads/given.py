"""The fields of a model's configuration, read one by one with checks; what lacks is collected."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from bench.errors import UsageError

Kind = TypeVar("Kind")
MOST = 10**8
"""The largest size that a field gives, as in ``model.Count``."""
LARGEST = 1e12
"""The largest number that is no size, as in ``model.Positive``."""
INSTEAD = "describe the model in a file as in specs/workloads instead, and give specs=FOLDER"
"""What to do about a model that cannot be read."""
SHAPES = re.compile(
    "altup|attention|attn|bias|block|chunk|compress|conv|cross|decoder|dim|embed|expert|ffn|gate|"
    "group|head|hidden|hybrid|hyper|index|inner|intermediate|kv|laurel|layer|linear|lora|mamba|mlp|"
    "moe|mtp|norm|pattern|qk|rank|recurrent|rotary|router|scale_depth|share|sinks|sparse|ssm|state|"
    "step|stride|window|width|d_model|n_inner"
)
"""Parts of names of fields that may tell a shape."""
HARMLESS = re.compile(
    r".*dropout.*|.*pdrop|.*initializer.*|.*(aux|z)_loss.*|_?attn_implementation.*|output_.*|"
    r".*_token_id|apply_query_key_layer_scaling|attention_softmax_in_fp32|attn_uses_sequence_id|"
    r"bias_dropout_fusion|chunk_size_feed_forward|compress_rope_theta|embedding_fraction|"
    r"fp32_residual_connection|hc_(eps|sinkhorn_iters)|id2label|index_share_for_mtp_iteration|"
    r"indexer_rope_interleave|initial_context_length|init_config|is_decoder|label2id|"
    r"layer_norm_eps|max_window_layers|model_max_length|moe_router_dtype|mrope_section|"
    r"mtp_transformer_layers|(encoder_)?no_repeat_ngram_size|norm_topk_prob|norm_type|"
    r"num_beam_groups|original_.*|rope_interleave|router_jitter_noise|use_mtp"
)
"""Names of fields that tell no shape, or one that another field has told."""


class Given:
    """The fields of one configuration, as a reader of its architecture asks for them.

    Attributes:
        fields: the fields by name.
        file: the file as errors name it.
        lacking: names of needed fields that it lacks, as far as asked for.
        remarks: sentences about what was left out.
    """

    def __init__(self, fields: Mapping[str, object], file: str) -> None:
        self.fields, self.file = fields, file
        self.lacking: list[str] = []
        self.remarks: list[str] = []
        self._read: set[str] = set()

    def refused(self, problem: str) -> UsageError:
        """Returns the error that this model cannot be read, and what to do instead."""
        return UsageError(f"{self.file}: {problem}; {INSTEAD}")

    def any_of(self, *names: str) -> object:
        """Returns the first of the fields that has a value; None without one."""
        self._read.update(names)
        found = (self.fields.get(name) for name in names)
        return next((value for value in found if value is not None), None)

    def whole(
        self, *names: str, default: int | None = None, least: int = 1, most: int = MOST
    ) -> int:
        """Returns a whole number; without one the default, or a needed field lacks.

        Raises:
            UsageError: the value is no whole number of the range.
        """
        value = self.any_of(*names)
        if value is None:
            return self._without(names[0], default, least)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._wrong(names, value, f"a whole number from {least} to {most:,}")
        return value

    def number(self, *names: str, default: float | None = None) -> float:
        """Returns a positive number; without one the default, or a needed field lacks.

        Raises:
            UsageError: the value is no positive number.
        """
        value = self.any_of(*names)
        if value is None:
            return self._without(names[0], default, 1.0)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not 0 < value <= LARGEST
        ):
            raise self._wrong(names, value, f"a number above 0, up to {LARGEST:g}")
        return float(value)

    def yes(self, name: str, *, default: bool | None = False) -> bool:
        """Returns whether a field is true; without a value the default, or a needed field lacks.

        Raises:
            UsageError: the value is neither true nor false.
        """
        value = self.any_of(name)
        if value is None:
            return self._without(name, default, placeholder=False)
        if not isinstance(value, bool):
            raise self._wrong((name,), value, "true or false")
        return value

    def items(self, name: str) -> Sequence[object]:
        """Returns the items of a list; none without the field.

        Raises:
            UsageError: the value is no list.
        """
        value = self.any_of(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong((name,), value, "a list")
        return value

    def assume(self, fields: Mapping[str, object]) -> None:
        """Takes values for the fields that it lacks."""
        self.lacking = [name for name in self.lacking if name not in fields]
        self.fields = {**fields, **self.fields}

    def part(self, name: str) -> "Given":
        """Returns the fields of a mapping within the configuration; none if there is none."""
        value = self.any_of(name)
        return Given(value if isinstance(value, dict) else {}, self.file)

    def only(self, name: str, *allowed: object) -> None:
        """Refuses a value of a field that is not one of those allowed; an absent one is.

        Raises:
            UsageError: the value is another.
        """
        value = self.any_of(name)
        if value is not None and value not in allowed:
            raise self.refused(f"{name} {_shown(value)} is not understood")

    def never(self, *names: str) -> None:
        """Refuses fields that are true or tell anything; those that are false or absent are fine.

        Raises:
            UsageError: with the name of the first.
        """
        for name in names:
            if self.any_of(name):
                raise self.refused(f"{name} {_shown(self.fields[name])} is not understood")

    def finish(self) -> None:
        """Refuses a configuration that lacks fields, or has others that may change the shape.

        Raises:
            UsageError: with the names of the fields.
        """
        if self.lacking:
            raise UsageError(
                f"{self.file}: lacks {', '.join(dict.fromkeys(self.lacking))}, which its "
                f"architecture needs; add what the model's maker publishes"
            )
        unknown = [
            name
            for name, value in self.fields.items()
            if value and name not in self._read and SHAPES.search(name)
            if not HARMLESS.fullmatch(name)
        ]  # fmt: skip
        if unknown:
            verb = "is" if len(unknown) == 1 else "are"
            raise self.refused(
                f"{', '.join(unknown)} may change the shape and {verb} not understood"
            )

    def _without(self, name: str, default: Kind | None, placeholder: Kind) -> Kind:
        if default is None:
            self.lacking.append(name)
            return placeholder
        return default

    def _wrong(self, names: Sequence[str], value: object, right: str) -> UsageError:
        name = next(name for name in names if self.fields.get(name) is not None)
        return UsageError(f"{self.file}: {name} is {_shown(value)}: write {right}")


def _shown(value: object) -> str:
    """Returns a value as JSON would write it, shortened."""
    text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else repr(value)
    return str(text)[:60]
