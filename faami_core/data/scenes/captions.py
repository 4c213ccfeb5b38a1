"""From what was drawn to five sentences in the wording of RSICD."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_NUMBERS = {2: "two", 3: "three", 4: "four"}
_VERBLESS = ("with", "full of")


@dataclass(frozen=True)
class Noun:
    """A named thing.

    Attributes:
        word: Key of its mask; a word of ``phrase``.
        phrase: As sentences call it, without article: "storage tanks".
        number: How many; 1 takes an article, 0 marks what cannot be counted ("bare land").
        looks: Adjectives that hold and may be put in front.
    """

    word: str
    phrase: str
    number: int = 1
    looks: tuple[str, ...] = ()

    @property
    def plural(self) -> bool:
        """Whether verbs take the plural."""
        return self.number > 1

    def say(self, rng: np.random.Generator) -> str:
        """With number or article, and now and then an adjective."""
        phrase = self.phrase
        if self.looks and rng.random() < 0.55:
            phrase = f"{self.looks[rng.integers(len(self.looks))]} {phrase}"
        if self.number == 0:
            return phrase
        if self.number == 1:
            return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
        if self.number in _NUMBERS:
            return f"{_NUMBERS[self.number]} {phrase}"
        if self.number < 10:
            return f"{('several', 'some')[int(rng.random() < 0.35)]} {phrase}"
        return f"many {phrase}"


@dataclass(frozen=True)
class Link:
    """How the subject of a scene stands to another thing.

    Attributes:
        noun: The other thing.
        near: Words that hold for "subject is … noun".
        back: Words that hold for "noun is … subject".
    """

    noun: Noun
    near: tuple[str, ...] = ("near", "beside", "next to")
    back: tuple[str, ...] = ("near", "beside", "next to")


AROUND = ("around",)
SURROUNDED = ("surrounded by", "surrounded by", "near")
SIDES = ("in two sides of",)


@dataclass(frozen=True)
class Story:
    """What a scene shows: a subject, its surroundings, and sentences that only this kind has.

    Attributes:
        subject: The main thing.
        links: Up to three other things, the one that belongs closest to the subject first.
        own: Sentences without full stop; each names the subject's word.
    """

    subject: Noun
    links: tuple[Link, ...] = ()
    own: tuple[str, ...] = ()

    @property
    def nouns(self) -> tuple[Noun, ...]:
        """All named things, the subject first."""
        return (self.subject, *(link.noun for link in self.links))


def write_captions(story: Story, rng: np.random.Generator) -> tuple[str, ...]:
    """Five different sentences; every named thing occurs in at least three of them.

    Raises:
        ValueError: if the story has no link and fewer than five sentences of its own.
    """
    captions: list[str] = []
    own = [str(sentence) for sentence in rng.permutation(np.asarray(story.own, dtype=object))] if story.own else []
    if not story.links:
        captions = [f"{sentence} ." for sentence in dict.fromkeys(own)][:5]
        if len(captions) < 5:
            raise ValueError(f"a story of {story.subject.phrase!r} alone needs five sentences of its own")
        return tuple(captions)
    forms = list(rng.permutation(len(_FULL_FORMS)))
    while len(captions) < 3:
        form = _FULL_FORMS[forms[len(captions) % len(forms)]]
        _add_new(captions, form(story, rng), story, rng)
    if own and rng.random() < 0.7:
        _add_new(captions, own[0], story, rng)
    while len(captions) < 5:
        _add_new(captions, _one_link(story, rng), story, rng)
    return tuple(captions[i] for i in rng.permutation(5))


def _add_new(captions: list[str], sentence: str, story: Story, rng: np.random.Generator) -> None:
    """Adds a sentence that is not there yet; where chance repeats itself, another opening is put in front."""
    caption = f"{sentence} ."
    if caption in captions:
        opening = ("in this picture", "in this area", "as we can see")[int(rng.integers(3))]
        caption = f"{opening} {sentence} ."
    if caption not in captions:
        captions.append(caption)


def _is(noun: Noun) -> str:
    return "are" if noun.plural else "is"


def _pick(words: tuple[str, ...], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]


def _list(nouns: list[Noun], rng: np.random.Generator) -> str:
    said = [noun.say(rng) for noun in nouns]
    if len(said) == 1:
        return said[0]
    return f"{', '.join(said[:-1])} and {said[-1]}"


def _rest(story: Story, first: Link, rng: np.random.Generator) -> list[Noun]:
    rest = [link.noun for link in story.links if link is not first]
    return [rest[i] for i in rng.permutation(len(rest))]


def _choose(story: Story, rng: np.random.Generator) -> Link:
    return story.links[int(rng.integers(len(story.links)))]


def _relation(noun: Noun, word: str) -> str:
    """The verb and the relation; "with" needs no verb."""
    return f" {word}" if word in _VERBLESS else f" {_is(noun)} {word}"


def _subject_first(story: Story, rng: np.random.Generator) -> str:
    link = story.links[0] if rng.random() < 0.6 else _choose(story, rng)
    rest = _rest(story, link, rng)
    word = _pick(link.near, rng)
    sentence = f"{story.subject.say(rng)}{_relation(story.subject, word)} {link.noun.say(rng)}"
    if not rest:
        return sentence
    joint = "and" if word in _VERBLESS or "surrounded" in word else _pick(("with", "and"), rng)
    return f"{sentence} {joint} {_list(rest, rng)}"


def _there_are(story: Story, rng: np.random.Generator) -> str:
    link = _choose(story, rng)
    rest = _rest(story, link, rng)
    word = _pick(link.near, rng)
    tail = f" {'and' if word in _VERBLESS else 'with'} {_list(rest, rng)}" if rest else ""
    opening = _pick(("there", "there", "here"), rng)
    return f"{opening} {_is(story.subject)} {story.subject.say(rng)} {word} {link.noun.say(rng)}{tail}"


def _surroundings_first(story: Story, rng: np.random.Generator) -> str:
    link = _choose(story, rng)
    rest = _rest(story, link, rng)
    several = link.noun.plural or bool(rest)
    nouns = _list([link.noun, *rest], rng)
    back = _pick(link.back if not rest else _shared_back(story), rng)
    if back in _VERBLESS:
        return f"{nouns} {back} {story.subject.say(rng)}"
    return f"{nouns} {'are' if several else 'is'} {back} {story.subject.say(rng)}"


def _shared_back(story: Story) -> tuple[str, ...]:
    shared = set(story.links[0].back)
    for link in story.links[1:]:
        shared &= set(link.back)
    return tuple(word for word in story.links[0].back if word in shared) or ("near",)


def _with_rest(story: Story, rng: np.random.Generator) -> str:
    link = story.links[0]
    rest = _rest(story, link, rng)
    word, subject = _pick(link.near, rng), story.subject.say(rng)
    if not rest:
        opening = _pick(
            ("we can see", "this is" if not story.subject.plural else "these are", "the picture shows"), rng
        )
        return f"{opening} {subject} {word} {link.noun.say(rng)}"
    if word in _VERBLESS:
        return f"{subject} {word} {_list([link.noun, *rest], rng)}"
    return f"{subject} with {_list(rest, rng)}{_relation(story.subject, word)} {link.noun.say(rng)}"


_FULL_FORMS = (_subject_first, _there_are, _surroundings_first, _with_rest)


def _one_link(story: Story, rng: np.random.Generator) -> str:
    link = _choose(story, rng)
    alone = Story(story.subject, (link,))
    return _FULL_FORMS[int(rng.integers(len(_FULL_FORMS)))](alone, rng)
