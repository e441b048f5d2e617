"""test_memory.py - remembering, recalling, forgetting and all else of a memory, from Python."""

import datetime
import io
import json
import math
import os
import threading
import unittest

import place
import numpy as np

import episodic
from episodic import Fact, Filter, Memory, RecallProfile, Role, Schema, Step, encoders, times

UTC = datetime.timezone.utc


class Memories(place.Place):
    def setUp(self):
        super().setUp()
        self.memory = Memory(self.path)
        self.addCleanup(self.memory.close)

    def chat(self):
        """A conversation over some days."""
        space = self.memory.space("home", "conversation")
        talk = [("2023-05-08", "user", "We moved to Lisbon last Friday."), ("2023-05-08", "friend", "How is the flat?"),
                ("2023-05-09", "user", "The flat is small but has a balcony."),
                ("2023-06-01", "user", "I adopted a cat called Miso.")]
        with space.episode(title="spring", tags=["chat"], metadata={"place": "phone"}) as episode:
            ids = [episode.append({"speaker": who, "text": said}, event_time=day, external_id=f"turn {place}")
                   for place, (day, who, said) in enumerate(talk)]
            episode.end("fine", reward=1)
        return space, ids

    def test_a_cue_brings_back_the_step_with_its_evidence_and_scene(self):
        space, ids = self.chat()
        found = space.recall("where did they move?")
        hit = found.hits[0]
        self.assertEqual((hit.id, hit.text, hit.external_id), (ids[0], "We moved to Lisbon last Friday.", "turn 0"))
        self.assertTrue(math.isclose(sum(it.contribution for it in hit.evidence), hit.score))
        self.assertEqual(hit.moment.words, "last Friday")
        self.assertEqual(str(hit.moment.interval), "2023-05-05")
        self.assertIn("Lisbon", found.context)
        self.assertIn(ids[0], found.context_steps)
        scene = found.scenes[0]
        self.assertEqual([step.id for step in scene.steps], sorted(step.id for step in scene.steps))
        self.assertEqual(scene.title, "spring")
        step = hit.step
        self.assertEqual((step["speaker"], step.get("caption")), ("user", None))
        self.assertEqual(step.parts["text"].provenance, "stored")
        self.assertEqual(step.event.since, datetime.datetime(2023, 5, 8, tzinfo=UTC))
        self.assertEqual(step.times[0][1].text, "last Friday")
        self.assertEqual(step.tags, ())
        for shown in (repr(found), found._repr_html_(), repr(hit), repr(scene), repr(step)):
            self.assertIn("Lisbon", shown)

    def test_nothing_found_is_an_empty_recollection(self):
        space, _ = self.chat()
        found = space.recall("quantum chromodynamics", since="1999", until="2000")
        self.assertEqual((len(found), list(found), found.scenes), (0, [], []))
        with self.assertRaises(episodic.InvalidArgumentError):
            space.recall()

    def test_conditions_choose_which_steps_are_meant(self):
        space, ids = self.chat()
        self.assertEqual([hit.id for hit in space.recall(since="2023-06", until="2023-07")], [ids[3]])
        self.assertEqual({hit.id for hit in space.recall(where={"speaker": "FRIEND"})}, {ids[1]})
        self.assertEqual([hit.id for hit in space.recall("flat", steps=[ids[2]])], [ids[2]])
        self.assertEqual(space.recall("cat", filter=Filter(tags=["chat"]))[0].id, ids[3])
        with self.assertRaises(TypeError):
            space.recall("cat", filter=Filter(), tags=["chat"])
        with self.assertRaises(TypeError):
            space.recall("cat", colour="blue")
        with self.assertRaises(episodic.InvalidArgumentError):
            space.recall("cat", steps=[])

    def test_options_and_profiles_reach_the_library(self):
        space, ids = self.chat()
        self.assertEqual(len(space.recall("flat balcony", k=1)), 1)
        self.assertLess(len(space.recall("Lisbon flat cat", token_budget=20).context), 400)
        alone = space.recall("Lisbon", profile=RecallProfile("documents", context=0, episode=0))
        self.assertNotIn("context", {it.signal for it in alone[0].evidence if it.contribution})
        self.assertEqual(space.recall("cat", profile="events")[0].id, ids[3])
        with self.assertRaises(episodic.InvalidArgumentError):
            RecallProfile(colour=1)
        space.set_profile("documents")
        stats = space.stats()
        self.assertEqual((stats.profile, stats.profile_set, stats.steps, stats.episodes), ("documents", True, 4, 1))
        self.assertEqual(stats.first_event, datetime.datetime(2023, 5, 8, tzinfo=UTC))
        with self.assertRaises(AttributeError):
            stats.nothing

    def test_the_timeline_shows_episodes(self):
        space, _ = self.chat()
        space.remember("user", "Something else entirely.")
        line = space.timeline()
        self.assertEqual([it.title for it in line], ["spring", ""])
        first = line[0]
        self.assertEqual((first.outcome, first.reward, first.ended, first.step_count, first.tags, first.metadata),
                         ("fine", 1.0, True, 4, ("chat",), {"place": "phone"}))
        self.assertIn("spring", repr(line) + line._repr_html_())
        self.assertEqual(len(space.timeline(until="2024")), 1)

    def test_steps_are_read_without_a_cue(self):
        space, ids = self.chat()
        self.assertEqual(space.find("turn 2"), ids[2])
        with self.assertRaises(episodic.NotFoundError):
            space.find("turn 9")
        step = space.read(ids[2])
        self.assertEqual((step.index, step["text"]), (2, "The flat is small but has a balcony."))
        self.assertEqual([it.id for it in space.read_episode(step.episode, first=1, count=2)], ids[1:3])
        self.assertEqual([it.id for it in space.steps(page=3)], ids)
        vector = space.vector(ids[0])
        self.assertAlmostEqual(float(np.linalg.norm(vector)), 1, places=5)
        near = space.nearest(vector, k=2)
        self.assertEqual(near[0][0], ids[0])
        self.assertAlmostEqual(near[0][1], 1, places=5)

    def test_forgetting_restoring_removing_and_purging(self):
        space, ids = self.chat()
        self.assertEqual(space.forget(steps=[ids[3]], dry_run=True), 1)
        self.assertEqual(space.recall("cat")[0].id, ids[3])
        self.assertEqual(space.forget(steps=[ids[3]]), 1)
        self.assertNotIn(ids[3], [hit.id for hit in space.recall("cat")])
        self.assertTrue(space.read(ids[3]).forgotten)
        self.assertEqual(space.restore(steps=[ids[3]]), 1)
        self.assertEqual(space.recall("cat")[0].id, ids[3])
        self.assertEqual(space.remove(Filter(steps=ids[3])), 1)
        self.assertEqual(space.purge(steps=[ids[2]]), 1)
        with self.assertRaises(episodic.StaleError):
            space.read(ids[3])
        with self.assertRaises(episodic.InvalidArgumentError):
            space.forget()
        self.assertEqual(self.memory.check(), [])

    def test_a_correction_supersedes(self):
        space, ids = self.chat()
        new = space.remember("user", "The cat is called Tofu.", event_time="2023-06-02", supersedes=ids[3])
        old = space.read(ids[3])
        self.assertEqual((old.superseded_by, old.parts["text"].provenance), (new, "superseded"))
        self.assertIn(ids[3], [hit.id for hit in space.recall("cat", include_superseded=True)])

    def test_facts_change_and_keep_their_history(self):
        space = self.memory.space("home", "conversation")
        space.remember("Ann", "I live in Porto.", event_time="2020-01-01")
        step = space.remember({"speaker": "Ann", "text": "New flat!"}, event_time="2023-05-01",
                              facts=[Fact("lives in", "Lisbon"), Fact("owns", "a boat", subject="Bob", since="2022")])
        self.assertEqual(space.facts("ann", "lives in")[0].value, "Lisbon")
        told = space.history("Ann", "lives in")
        self.assertEqual([(it.value, it.current) for it in told], [("Porto", False), ("Lisbon", True)])
        self.assertEqual((told[0].given, told[0].said, told[1].step), (False, "I live in Porto", step))
        self.assertEqual(space.facts("Ann", valid_at="2021")[0].value, "Porto")
        self.assertEqual(space.facts("bob")[0].since, datetime.datetime(2022, 1, 1, tzinfo=UTC))
        self.assertIn("Lisbon", repr(told) + told._repr_html_())
        self.assertEqual([fact.fact.value for fact in space.read(step).facts], ["Lisbon", "a boat"])

    def test_an_extractor_of_ones_own_reads_facts_and_may_fail(self):
        space = self.memory.space("home", "conversation")

        def extract(values):
            if "boom" in values["text"]:
                raise ValueError("cannot read this")
            name, _, pet = values["text"].partition(" has a ")
            return [Fact("has a", pet, subject=name, since="2020")] if pet else []
        space.give_extractor(extract)
        step = space.remember("user", "Zoe has a parrot")
        self.assertEqual([(it.value, it.step) for it in space.facts("zoe")], [("parrot", step)])
        self.assertEqual(space.read(space.remember("user", "boom"))["text"], "boom")
        space.give_extractor(None)
        space.remember("user", "Max has a dog")
        self.assertEqual(len(space.facts("Max")), 0)

    def test_every_type_of_value_comes_back_as_it_was(self):
        space = self.memory.space("things", Schema([
            Role("note", search=True), Role("data", "json"), Role("bytes", "blob"),
            Role.tensor("image", ("uint8", (2, 3)))], encoder="none"))
        image = np.arange(6, dtype=np.uint8).reshape(2, 3)
        step = space.remember({"note": "ünï", "data": {"a": [1, None]}, "bytes": b"\0\1", "image": image},
                              metadata={"k": 1}, tags=["a", "b"], reward=2.5, terminated=True)
        back = space.read(step)
        self.assertEqual((back["note"], back["data"], back["bytes"]), ("ünï", {"a": [1, None]}, b"\0\1"))
        np.testing.assert_array_equal(back["image"], image)
        self.assertEqual((back.metadata, back.tags, back.reward, back.terminated), ({"k": 1}, ("a", "b"), 2.5, True))
        self.assertEqual(self.memory.space("things").schema, space.schema)
        for values, error in (({"colour": "red"}, episodic.RoleError), ({"image": [1, 2]}, episodic.DimensionError),
                              ({"note": b"\xff"}, episodic.Utf8Error), ({"data": "{"}, episodic.JsonError)):
            with self.subTest(values), self.assertRaises(error):
                space.remember(values)

    def test_many_steps_in_one_transaction(self):
        space = self.memory.space("home", "conversation")
        with space.episode() as episode:
            ids = episode.append_many([{"text": "one"}, Step({"text": "two"}, external_id="two")])
            with self.assertRaises(episodic.RoleError):
                episode.append_many([{"text": "three"}, {"colour": "red"}])
        self.assertEqual(len(list(space.steps())), 2)
        with space.resume(episode.id) as again:
            again.append({"text": "three"})
        self.assertEqual([step["text"] for step in space.read_episode(episode.id)], ["one", "two", "three"])
        self.assertEqual(ids, [step.id for step in space.steps()][:2])
        with self.assertRaises(episodic.ClosedError):
            episode.append({"text": "four"})

    def test_vectors_of_ones_own(self):
        space = self.memory.space("points", Schema([Role("name")], encoder="given", dimension=3, metric="l2"))
        ids = [space.remember({"name": str(place)}, vector=np.eye(3)[place]) for place in range(3)]
        self.assertEqual(space.nearest([0, .9, 0], k=1)[0][0], ids[1])
        self.assertEqual(space.recall(vector=[0, 0, 1])[0].id, ids[2])
        with self.assertRaises(episodic.DimensionError):
            space.remember({"name": "x"}, vector=[1, 2])

    def test_an_encoder_of_ones_own_and_what_it_raises(self):
        space = self.memory.space("home", "conversation")
        said = []

        def letters(texts):
            said.extend(texts)
            if any("boom" in text for text in texts):
                raise ValueError("no vector for this")
            return [[text.count(letter) for letter in "abcd"] for text in texts]

        mine = encoders.own("letters", 4, letters)
        self.assertEqual(mine.encode(["abba"]).tolist(), [[2, 2, 0, 0]])
        with self.assertRaisesRegex(episodic.IoError, "ValueError: no vector for this"):
            mine.encode(["boom"])
        space.set_encoder(mine)
        with self.assertRaises(episodic.ClosedError):
            space.set_encoder(mine)
        step = space.remember("user", "dad had a cab")
        self.assertEqual(int(np.argmax(space.vector(step))), 0)
        stored = space.remember("user", "boom")
        self.assertIsNone(space.vector(stored))
        self.assertEqual(space.stats().backlog, 1)
        self.assertEqual(space.encoders().serving.name, "letters")
        self.assertIsNone(space.encoders().building)
        self.assertIn("dad had a cab", said)
        for made in (encoders.hash(32), encoders.lsa()):
            self.assertGreater(made.dimension, 0)
            made.close()
        with self.assertRaises(episodic.NotFoundError):
            encoders.static(self.folder + "/nothing")
        with self.assertRaises(episodic.InvalidArgumentError):
            encoders.remote("http://", "m", 4)

    def test_encoders_are_compared_on_the_steps_of_a_space(self):
        space = self.memory.space("home", "conversation")
        with space.episode() as episode:
            episode.append_many([{"text": f"{animal} {place} {number}"} for animal in ("cat", "dog", "owl")
                                 for place in ("barn", "tree", "roof") for number in ("one", "two")])
        same, other = encoders.hash(256), encoders.own("length", 2, lambda texts: [[len(text), 1] for text in texts])
        alike, unlike = space.compare_encoder(same), space.compare_encoder(other)
        self.assertEqual((alike.first, alike.second, alike.steps), ("hash", "hash", 18))
        self.assertAlmostEqual(alike.similarity, 1)
        self.assertLess(unlike.similarity, .5)
        self.assertEqual(unlike.second_dimension, 2)
        same.close()
        with self.assertRaises(episodic.NotFoundError):
            space.compare_encoder()

    def test_export_and_import_lose_nothing(self):
        space, ids = self.chat()
        out = io.StringIO()
        self.assertEqual(space.export(out)["steps"], 0)
        salvaged = io.StringIO()
        self.assertEqual(set(space.export(salvaged, salvage=True).values()), {0})
        self.assertEqual(salvaged.getvalue(), out.getvalue())
        self.assertGreaterEqual(len(out.getvalue().splitlines()), 6)
        with Memory(self.folder + "/other") as other:
            seen = []
            report = other.import_text(out.getvalue(), progress=lambda done, total: seen.append(done))
            self.assertEqual((report.format, report.steps, report.episodes), ("jsonl", 4, 1))
            self.assertEqual(other.import_text(out.getvalue()).present, 4)
            self.assertEqual([step["text"] for step in other.space("home").steps()],
                             [step["text"] for step in space.steps()])
            chat = json.dumps([{"role": "user", "content": "hello"}, {"role": "assistant", "content": "good day"}])
            self.assertEqual(other.import_text(chat, space="chat", format="openai").steps, 2)
            with self.assertRaises(episodic.InvalidArgumentError):
                other.import_text(chat, format="nothing")

        class Broken(io.StringIO):
            def write(self, _):
                raise OSError("no room")
        with self.assertRaisesRegex(OSError, "no room"):
            space.export(Broken())

    def test_what_a_memory_says_of_itself(self):
        space, _ = self.chat()
        self.assertEqual(self.memory.spaces(), ["home"])
        stats = self.memory.stats()
        self.assertEqual((stats.spaces, stats.format > 0), (1, True))
        self.assertTrue(space.upkeep().complete)
        self.memory.compact()
        self.assertEqual(self.memory.check(), [])
        self.assertGreaterEqual(self.memory.sync(), 0)
        self.memory.drop("home")
        with self.assertRaises(episodic.StaleError):
            space.recall("cat")
        with self.assertRaises(episodic.NotFoundError):
            self.memory.space("home")
        self.assertIn(self.path, repr(self.memory))

    def test_a_clock_and_a_log_of_ones_own(self):
        moments, lines = [times.to_time("2001-02-03")], []
        with Memory(self.folder + "/clock", now=lambda: moments[0], log=lines.append) as memory:
            space = memory.space("home", "conversation")
            self.assertEqual(space.read(space.remember("user", "hello")).ingested.year, 2001)

    def test_errors_have_names_and_lines(self):
        with self.assertRaises(episodic.NotFoundError) as raised:
            Memory(self.folder + "/missing", create=False)
        self.assertEqual((raised.exception.name, raised.exception.status), ("EPI_ENOTFOUND", -40))
        self.assertTrue(str(raised.exception))
        self.assertIsInstance(raised.exception, LookupError)
        with self.assertRaises(ValueError):
            Memory(self.path, sync="sometimes")
        with self.assertRaises(episodic.Utf8Error):
            self.memory.space("a\0b", "conversation")
        self.chat()
        self.memory.close()
        with Memory(self.path, read_only=True) as memory, self.assertRaises(episodic.ReadOnlyError):
            memory.space("home").remember("user", "x")

    def test_what_is_used_after_close_says_so(self):
        space, _ = self.chat()
        found = space.recall("cat")
        self.memory.close()
        self.assertIn("cat", found.context)
        for call in (lambda: space.recall("cat"), self.memory.stats, lambda: self.memory.space("x")):
            with self.assertRaises(episodic.ClosedError):
                call()
        space.close()
        with self.assertRaisesRegex(episodic.ClosedError, "the Space was closed"):
            space.recall("cat")
        with self.assertRaises(TypeError):
            import pickle
            pickle.dumps(space)

    def test_a_space_keeps_its_memory_open(self):
        space = Memory(self.folder + "/kept").space("home", "conversation")
        space.remember("user", "hello")
        self.assertEqual(len(space.recall("hello")), 1)

    def test_threads_share_a_space_and_recall_lets_others_run(self):
        space, ids = self.chat()
        failed = []

        def work():
            try:
                for _ in range(20):
                    assert space.recall("Lisbon")[0].id == ids[0]
                    space.remember("user", "one more thing")
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        self.assertEqual(space.stats().steps, 84)

    def test_a_forked_child_is_told_and_opens_its_own(self):
        space, ids = self.chat()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                space.recall("cat")
            except episodic.ForkError:
                with Memory(self.path) as mine:
                    code = 0 if mine.space("home").recall("cat")[0].id == ids[3] else 2
            finally:
                os._exit(code)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)

    def test_what_a_number_or_a_text_is_not_is_told_and_nothing_is_cut_off(self):
        space, ids = self.chat()
        self.assertEqual(len(space.recall("flat", k=np.int64(1)).hits), 1)
        for wrong in (-1, 2**32 + 1):
            with self.assertRaisesRegex(episodic.InvalidArgumentError, f"k is {wrong}, which is out of range"):
                space.recall("flat", k=wrong)
        with self.assertRaisesRegex(TypeError, "a text is expected, not 7"):
            space.recall(7)

    def test_times_in_every_form(self):
        moment = datetime.datetime(2023, 5, 8, 13, 56, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
        self.assertEqual(times.to_time("2023-05-08T13:56+02:00"), times.to_time(moment))
        self.assertEqual(times.from_time(times.to_time(moment), 120), moment)
        self.assertEqual(times.iso(moment), "2023-05-08T13:56:00+02:00")
        self.assertEqual(times.minutes(moment), "2023-05-08 13:56")
        self.assertEqual(times.to_time(datetime.date(1970, 1, 2)), 86400 * 1000000)
        self.assertIsNone(times.from_time(times.to_time(None)))
        self.assertLess(abs((times.now() - datetime.datetime.now(UTC)).total_seconds()), 60)
        with self.assertRaises(episodic.FormatError):
            times.parse("yesterday")
        with self.assertRaises(TypeError):
            times.to_time(1.5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
