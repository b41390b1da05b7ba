"""What common error messages of Python and torch mean: one sentence about the cause, with the names of sizes.

Student code can raise any message and so choose the sentence, but only that student reads it.
"""

import re
from collections.abc import Callable, Iterable

from harness.outcome import Fault
from harness.sizes import Sizes

IN_TEST = "this line of the test"  # the place of a fault that no line of the student raised begins so
Say = Callable[[re.Match[str], "Place"], str]


class Place:
    """Where a fault was raised, and the sizes of its test, taken from the expected outcome."""

    def __init__(self, where: str, sizes: Sizes) -> None:
        self.in_test = where.startswith(IN_TEST)
        self.sizes = sizes

    def size(self, number: str) -> str:
        """A number with its name in this test: "4 (N)"."""
        name = self.sizes.name(int(number))
        return f"{number} ({name})" if name else number

    def shape(self, numbers: str) -> str:
        """A shape with the names of its sizes, if all have one: "(4, 7), that is (N, H)"."""
        shape = tuple(int(number) for number in re.findall(r"\d+", numbers))
        names = self.sizes.shape(shape)
        return f"{shape}, that is {names}" if names else f"{shape}"

    def mixed(self, one: str, other: str) -> str:
        """A question, if of two sizes that should be equal one is a batch and the other a length; else ""."""
        batches, lengths, _ = self.sizes.names.split(self.sizes.name(int(number)) for number in (one, other))
        if not (batches and lengths):
            return ""
        return " One counts sequences, the other their steps: is an axis or a size of one taken for the other?"


def explain(fault: Fault, sizes: Sizes) -> str:
    """One sentence about the cause of such an error, or "" for an unknown error."""
    message = " ".join(fault.message.split())
    if fault.own:
        return _refusal(numbers_of(message))
    for pattern, say in CAUSES:
        if match := re.search(pattern, message):
            return say if isinstance(say, str) else say(match, Place(fault.where, sizes))
    return ""


def numbers_of(message: str) -> list[int]:
    """The integers in a message, in order, without those in names such as W_1 or float32."""
    return [int(number) for number in re.findall(r"(?<![\w.])\d+(?![\w.]\w|\w)", message)]


def _refusal(numbers: list[int]) -> str:
    """A sentence about a student's own check that refuses allowed values, chosen by the numbers in its message."""
    if len(numbers) == 2 and numbers[0] == numbers[1]:
        return (
            f"What the test hands over here is allowed, and both numbers are {numbers[0]}: is the limit itself refused?"
        )
    if len(numbers) != 2 or abs(numbers[0] - numbers[1]) != 1:
        return (
            "What the test hands over here is allowed, and a check of your own refuses it. Is the condition too "
            "strict, or is it meant for some cases only and made in all of them?"
        )
    return (
        f"What the test hands over here is allowed, and {numbers[0]} and {numbers[1]} differ by one: is the limit "
        "itself refused, or is something counted that is not read?"
    )


def _none(_: re.Match[str], place: Place) -> str:
    if place.in_test:
        return "Your code has returned None: is a `return` missing at its end, or in one of its branches?"
    return "Something on this line is None: the result of a function without `return`, or an argument left out."


def _unpacked(match: re.Match[str], place: Place) -> str:
    expected, more = match[2], match[1] == "too many"
    if place.in_test:
        return f"Your code returns {'more' if more else 'fewer'} than the {expected} things that the contract names."
    return (
        f"On the left there are {expected} names, on the right {'more' if more else 'fewer'} values: "
        "a tensor is unpacked along its first axis, a shape has one number for each axis."
    )


def _pair(match: re.Match[str], place: Place) -> str:
    return (
        f"A {match[1] or match[2]} is used where one tensor is needed: recurrent layers return (output, state), "
        "the state of an LSTM is a pair (h, c), and a comma at the end of a line makes a tuple."
    )


def _no_attribute(match: re.Match[str], place: Place) -> str:
    if match[1] in ("int", "float", "bool", "str"):
        early = "" if match[1] == "str" else ", or was it made from a tensor too early, as by `.item()`"
        return f"A plain {match[1]} has no `{match[2]}`: is such a value stored where the layer itself belongs{early}?"
    return (
        f"`{match[2]}` was never set: is it created in the constructor, under exactly this name? Names of layers and "
        "parameters are part of the contract."
    )


def _axis(match: re.Match[str], place: Place) -> str:
    axes = f"{int(match[1]) + 1} axes" if match[1] != "0" else "one axis at most"
    asked = match[2]
    return (
        f"The tensor has {axes} here, so there is no axis {asked}: was one lost earlier, for example by "
        "`squeeze()`, which drops every axis of size 1, or by an index?"
    )


def _recurrent_state(match: re.Match[str], place: Place) -> str:
    expected, actual = place.shape(match[1]), place.shape(match[2])
    return (
        f"The recurrent layer wants a state of {expected}, and got {actual}. It takes the batch from its input: which "
        "axis of that is the batch (`batch_first`), and which does it think it is?"
    )


def _features(match: re.Match[str], place: Place) -> str:
    return (
        f"The layer was made for {place.size(match[1])} features, and its input has {place.size(match[2])} along its "
        "last axis."
    )


CAUSES: Iterable[tuple[str, str | Say]] = (
    # None, tuples and what is missing.
    (r"cannot unpack non-iterable NoneType|'NoneType'|not NoneType", _none),
    (r"(too many|not enough) values to unpack \(expected (?:at least )?(\d+)", _unpacked),
    (r"object of type '(\w+)' has no len|'((?!list|tuple)\w+)' object is not (?:subscriptable|iterable)",
     lambda match, _: f"One {match[1] or match[2]} is there where several things are expected: a list with a layer for "
                      "each head, or a pair of states, for example."),
    (r"must be (?:Tensor|a Tensor), not (tuple|list)|"
     r"'(tuple|list)' object has no attribute '(?!append|extend|insert|pop|remove)", _pair),
    (r"Module \[Module(List|Dict)\] is missing the required \"forward\"|'list' object is not callable",
     "A list of layers cannot be called: call the layers in it, one after the other."),
    (r"before Module\.__init__\(\) call", "The constructor has to call `super().__init__()` first of all."),
    (r"cannot assign '[\w.]+' as parameter '(\w+)'",
     lambda match, _: f"self.{match[1]} is an nn.Parameter and stays one: fill it in place (`nn.init`, or `copy_` "
                      "under `torch.no_grad()`) instead of assigning a tensor to it."),
    (r"^'(str|tuple)' object has no attribute '(append|extend|insert|pop|remove)'",
     lambda match, _: f"Only a list has `{match[2]}`, and here is a {match[1]}: make a list of it, or use another one. "
                      "What the caller hands over stays as it is."),
    (r"^'(\w+)' object has no attribute '(\w+)'", _no_attribute),
    (r"cannot access local variable '(\w+)'",
     lambda match, _: f"`{match[1]}` is set in a branch or a loop that has not run here, and read afterwards."),
    (r"name '(\w+)' is not defined",
     lambda match, _: f"Nothing has the name `{match[1]}` here: is `self.` missing before it, or an import?"),
    (r"got an unexpected keyword argument|missing \d+ required |takes .* positional arguments? but",
     "The call and the function do not agree about the arguments; those of the contract's functions stay as they are."),
    (r"should be of type int, got:? float", "A size is a float: `/` gives one, `//` gives an integer."),
    (r"^(\w+) should be of type \w+, got",
     lambda match, _: f"`{match[1]}` has got what is meant for another argument: what is handed over by place goes to "
                      "the next argument in the list, whatever that is. Hand it over by its name."),
    (r"maximum recursion depth", "A function calls itself without end."),
    # Sizes.
    (r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\) at non-singleton dimension (\d+)",
     lambda match, place: f"Two tensors do not fit: along axis {match[3]} one has {place.size(match[1])} "
                          f"elements, the other {place.size(match[2])}.{place.mixed(match[1], match[2])}"),
    (r"einsum\(\): subscript (\w) has size (\d+) for operand \d+ which does not broadcast with .* seen size (\d+)",
     lambda match, place: f"In einsum the letter {match[1]} stands for {place.size(match[3])} elements in one "
                          f"tensor and for {place.size(match[2])} in another: one letter is one size."),
    (r"expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\) at non-singleton dimension (\d+)",
     lambda match, place: f"Along axis {match[3]} there is room for {place.size(match[1])} elements, but the tensor "
                          f"has {place.size(match[2])}.{place.mixed(match[1], match[2])}"),
    (r"value tensor of shape \[([\d, ]*)\] cannot be broadcast to indexing result of shape \[([\d, ]*)\]",
     lambda match, place: f"The tensor that is assigned has the shape {place.shape(match[1])}, and its place has "
                          f"{place.shape(match[2])}: does the tensor have an axis too many or too few?"),
    (r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)",
     lambda match, place: f"In a matrix product or a linear layer, the input has {place.size(match[2])} features, but "
                          f"{place.size(match[3])} are needed."),
    (r"[Ee]xpected size for first two dimensions of batch2 tensor to be: \[(\d+), (\d+)\] but got: \[(\d+), (\d+)\]",
     lambda match, place: "In a batched product the left tensor has a batch of {} and rows of {}, the right one a "
                          "batch of {} and columns of {}.".format(*(place.size(match[i]) for i in range(1, 5)))),
    (r"batch[12] must be a 3D tensor",
     "A batched product takes two tensors of 3 axes, and one of yours has more or fewer: was an axis lost, for "
     "example by `squeeze()`, which drops every axis of size 1, or never added?"),
    (r"Sizes of tensors must match except in dimension (\d+). Expected size (\d+) but got size (\d+)",
     lambda match, place: f"Tensors are joined along axis {match[1]}, and along another they have "
                          f"{place.size(match[2])} and {place.size(match[3])} elements: is it the right axis?"),
    (r"Tensors must have same number of dimensions: got (\d+) and (\d+)",
     lambda match, _: f"A tensor of {match[1]} axes and one of {match[2]} are joined: one has lost or gained an axis."),
    (r"stack expects each tensor to be equal size", "Tensors of different shapes are stacked."),
    (r"non-empty TensorList|non-empty list of Tensors",
     "The list is empty: the loop that fills it has not run, or runs over a part without elements."),
    (r"zero-dimensional tensor .*cannot be concatenated", "`cat` cannot join single numbers; `stack` can."),
    (r"shape '\[([-\d, ]+)\]' is invalid for input of size (\d+)",
     lambda match, place: f"`view` or `reshape` to ({match[1]}) needs another number of elements than the "
                          f"{place.size(match[2])} that are there."),
    (r"view size is not compatible with input tensor's size and stride",
     "After `transpose` or `permute` the elements are not in order in memory: `reshape` works, `view` does not."),
    (r"Dimension out of range \(expected to be in range of \[-\d+, (\d+)\], but got (-?\d+)\)", _axis),
    (r"index out of range in self",
     "An id or a position is looked up that the embedding table does not have: a table of n rows takes 0 to n - 1. Was "
     "the table made for this vocabulary or length, and do positions begin at 0?"),
    (r"index (\d+) is out of bounds for dimension (\d+) with size (\d+)",
     lambda match, place: f"Axis {match[2]} has {place.size(match[3])} elements, with indices from 0 on, so there is "
                          f"no {match[1]}: is the loop as long as this axis, and is it the axis that you mean?"),
    (r"t\(\) expects a tensor with <= 2 dimensions",
     "`.T` and `.t()` are for matrices; `transpose(1, 2)` exchanges two axes of a larger tensor."),
    # Layers of torch.
    (r"Expected hidden(?:\[\d\])? size \(([\d, ]+)\), got \[([\d, ]+)\]", _recurrent_state),
    (r"normalized_shape=\[(\d+)\], expected input with shape .* but got input of size ?\[(?:\d+, )*(\d+)\]", _features),
    (r"input.size\(-1\) must be equal to input_size. Expected (\d+), got (\d+)", _features),
    (r"(?:RNN|LSTM|GRU): Expected input to be 2D or 3D, got (\d)D",
     lambda match, _: f"The recurrent layer reads (batch, time, features), and gets a tensor of {match[1]} axes."),
    (r"hx (?:and cx )?should also be",
     "Input and state of the recurrent layer do not fit: with an input of 3 axes each state has 3, too, of which the "
     "first counts layers. One of the two has lost or gained an axis."),
    (r"was expecting embedding dimension of (\d+), but got (\d+)", _features),
    (r"feature number of src and tgt must be equal to d_model",
     "The transformer's input does not have d_model features along its last axis."),
    (r"batch number of src and tgt must be equal",
     "Source and target differ in the axis that torch takes for the batch: is it `batch_first`, and are both?"),
    (r"shape of the \dD attn_mask is torch.Size\(\[([\d, ]+)\]\), but should be \(([\d, ]+)\)",
     lambda match, place: f"A mask for the attention should be {place.shape(match[2])}, (queries, keys); it is "
                          f"{place.shape(match[1])}."),
    (r"key_padding_mask", "A padding mask is (batch, length of the keys), True where the key's token is padding."),
    (r"only supports boolean masks", "A mask for `masked_fill` holds True and False: a comparison gives one."),
    (r"multi-target not supported|Expected (?:input|target) batch_size|Expected target size",
     "The loss wants predictions (tokens, vocabulary) and targets (tokens,): flatten both in the same order."),
    (r"(?:dtype|scalar type).*(?:[Dd]ouble|Half)",
     "A new tensor was made with torch's default dtype: give it the dtype of your input (`x.new_zeros`)."),
    (r"(?:scalar types?: Long|expected scalar type Long|must be long\b|to have the same dtype|have the same dtype).*|"
     r"expected scalar type Float",
     "Integers and floats are mixed: ids are integers, for an embedding or an index; layers take floats."),
    (r"embed_dim must be divisible by num_heads",
     "The heads do not divide the size of the model: do the arguments stand in the order in which torch takes them "
     "(the size, then the heads)?"),
    (r"dropout probability has to be between 0 and 1",
     "The dropout's rate is no probability: is another argument in its place?"),
    (r"'(bool|float|int)' object is not callable",
     lambda match, _: f"A plain {match[1]} is called like a function or a layer: is a number stored where the layer "
                      "belongs, or is an argument in another's place?"),
    (r"need attn_mask if specifying the is_causal hint",
     "`is_causal` only says that a mask is causal: you have to pass the mask itself, too."),
    (r"slice indices must be integers|'float' object cannot be interpreted as an integer|tuple of ints, ?but got float",
     "A size or an index is no integer: is it a float (`/` gives one, `//` does not), or a whole shape?"),
    (r"expected Tensor as element \d+ in argument 0, but got (\w+)",
     lambda match, _: f"Tensors are joined, and one of them is a plain {match[1]}: has `.item()` made it?"),
    (r"Fan in and fan out can not be computed",
     "Xavier's bound is made of the rows and the columns of a weight; here it is asked of a tensor with one axis, as a "
     "bias is."),
    # Gradients.
    (r"does not require grad and does not have a grad_fn",
     "No gradient can flow: the result is cut off from the parameters (`detach`, `.data`, `.item()`, `torch.no_grad`, "
     "a new tensor made of numbers), or the parameters are plain tensors."),
    (r"backward through the graph a second time",
     "The graph of an earlier step is still attached: detach what you carry from one step to the next."),
    (r"modified by an inplace operation",
     "A tensor that the backward pass still needs was changed in place (`+=`, `x[:, t] = ...`, a method that ends in "
     "`_`): make a new tensor, or collect in a list and stack."),
    (r"a (?:view of a )?leaf Variable that requires grad",
     "A parameter or an input is changed in place while gradients are recorded: make a new tensor; to initialise, use "
     "`nn.init` or `torch.no_grad()`."),
    (r"numpy\(\) on Tensor that requires grad|Numpy is not available",
     "The way through numpy cuts the graph; torch has these functions, too."),
    # Conditions and numbers.
    (r"[Bb]ool(?:ean)? value of Tensor with (?:more than one|no)",
     "A condition asks a whole tensor for one answer: compare with `is None`, or say `.all()`, `.any()` or `.item()`."),
    (r"elements? (?:tensors? can|cannot) be converted to (?:Python scalars|Scalar)",
     "The code asks for one number, but the tensor has several."),
    (r"0-d tensor", "A single number is used like a sequence: an axis has been lost before."),
    (r"probability tensor contains|invalid multinomial distribution",
     "What is drawn from must be probabilities: not negative, not all 0, finite. Are these their logarithms, or "
     "so small that all have been rounded to 0?"),
    (r"[Ee]xpected all tensors to be on the same device|is not on the expected device",
     "A new tensor was made on another device: give it the device of your input."),
)  # fmt: skip
