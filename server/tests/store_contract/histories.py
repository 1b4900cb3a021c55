"""All of it together: random histories here and in the model."""

import random

from ropewalk_server.stores.contract import NOTHING, Version
from ropewalk_server.stores.memory import MemoryStore

from .harness import ContractTests, ended, outcome, plain, sizes


class Histories(ContractTests):
    async def test_random_histories_are_those_of_the_model(self, make_store):
        """The same calls on this store and on the one in memory: same answers, same errors."""
        for seed in range(self.times(6, 1)):
            rng = random.Random(seed)
            model = MemoryStore()
            stores = [await make_store(), await make_store()]
            docs = [f"{seed}/{name}" for name in ("a", "b")]
            for step in range(self.times(60, 20)):
                call = self.random_call(rng, await model.read(docs[0]), docs)
                expected = await outcome(model, *call)
                got = await outcome(rng.choice(stores), *call)
                assert got == expected, f"seed {seed}, step {step}: {call}"
                for doc in docs:
                    since = rng.choice((None, NOTHING, Version(0, 3), Version(1, 0), Version(1, 2)))
                    reader = rng.choice(stores)
                    assert plain(await reader.read(doc, since)) == plain(
                        await model.read(doc, since)
                    ), f"seed {seed}, step {step}: after {call}"
                    assert sizes(await reader.info(doc)) == sizes(await model.info(doc))
                    assert ended(await reader.epochs(doc)) == ended(await model.epochs(doc))

    def random_call(self, rng, history, docs):
        doc = rng.choice(docs)
        data = rng.randbytes(rng.choice((1, 5, 300)))
        version = history.version
        guess = rng.choice(
            (version, version, version, NOTHING, Version(version.epoch, version.seq // 2))
        )
        return rng.choices(
            [
                ("append", doc, [data] * rng.randint(1, 3), {"epoch": guess.epoch}),
                ("append", doc, [data], {"epoch": guess.epoch, "expected": guess}),
                ("compact", doc, guess, data, {}),
                ("seal", doc, guess, data, {}),
                ("seal", doc, guess, data, {"state": data, "map": data * 2}),
                ("read_map", doc, max(version.epoch - 1, 0), {}),
                ("drop_epochs", doc, rng.randint(0, 3), {}),
                ("delete", doc, {}),
                ("savepoint", doc, guess, data, {"label": "l"}),
                ("read_savepoint", doc, rng.randint(1, 5), {}),
                ("delete_savepoint", doc, rng.randint(1, 5), {}),
                ("savepoints", doc, {}),
            ],
            [12, 4, 4, 1, 4, 2, 1, 1, 2, 1, 1, 1],
        )[0]
