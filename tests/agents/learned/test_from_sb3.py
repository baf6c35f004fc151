"""Networks out of Stable-Baselines3: they do what the model did, what does not fit is refused, zips need trust."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib import MaskablePPO, RecurrentPPO
from stable_baselines3 import A2C, DQN, PPO
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from agents.encoding import HIGHEST, LOWEST
from agents.learned.bundle import load_bundle, save_bundle
from agents.learned.from_sb3 import from_sb3, load_zip
from chain.errors import InputError
from tests.agents.learned.networks import CARD, encoding, views
from tests.agents.views import dice
from tests.sim.worlds import world

ROWS = 300


class Nothing(gymnasium.Env):
    """An environment with the spaces of an encoding, in which nothing happens."""

    def __init__(self, made, action=None, observation=None):
        self.observation_space = observation or spaces.Box(LOWEST, HIGHEST, (len(made.features),), np.float32)
        self.action_space = (
            action
            or {
                "box": lambda: spaces.Box(-1, 1, (len(made.fields),), np.float32),
                "multidiscrete": lambda: spaces.MultiDiscrete(made.levels),
                "discrete": lambda: spaces.Discrete(made.choices),
            }[made.form]()
        )

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(self.observation_space.shape, np.float32), {}

    def step(self, action):
        return np.zeros(self.observation_space.shape, np.float32), 0.0, True, False, {}

    def action_masks(self):
        return np.ones(1, np.bool_)


def model(algo, made, env=None, **given):
    """A model whose weights say something: fresh ones give nearly the same answer to everything."""
    small = {"buffer_size": 10} if algo is DQN else {"n_steps": 2, "batch_size": 2} if algo is not A2C else {}
    out = algo("MlpPolicy", env or Nothing(made), device="cpu", seed=1, **small, **given)
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in out.policy.parameters():
            parameter.copy_(torch.randn_like(parameter) * (0.3 if parameter.ndim > 1 else 0.1))
    return out


CASES = [
    (PPO, "provider", "box", {}),
    (PPO, "provider", "box", {"activation_fn": torch.nn.ReLU, "net_arch": {"pi": [32], "vf": [5, 5]}}),
    (PPO, "client", "multidiscrete", {"net_arch": [16, 8, 4]}),
    (PPO, "client", "discrete", {"net_arch": []}),
    (MaskablePPO, "client", "multidiscrete", {}),
    (MaskablePPO, "client", "discrete", {"activation_fn": torch.nn.ReLU}),
    (DQN, "client", "discrete", {}),
    (DQN, "provider", "discrete", {"activation_fn": torch.nn.Tanh, "net_arch": [20]}),
]


@pytest.mark.parametrize(("algo", "role", "form", "net"), CASES)
def test_the_network_does_what_the_model_does(tmp_path, algo, role, form, net):
    made, view = encoding(role, form), views(role, ROWS, seed=8)
    trained = model(algo, made, policy_kwargs=net)
    masks = {"action_masks": made.masks(view)} if algo is MaskablePPO else {}
    predicted = trained.predict(made.observe(view), deterministic=True, **masks)[0]
    wanted, learned = made.act(predicted, ROWS), from_sb3(trained, made)
    for one in (learned, load_bundle(save_bundle(tmp_path / "mine", learned, CARD))):
        given = one.act(view, None, dice(np.arange(ROWS)))
        for field in made.fields:
            assert len(np.unique(given[field.name])) > 2, "rows differ"
            if form == "box":  # a share of the range that float32 does not tell apart
                assert np.abs(given[field.name] - wanted[field.name]).max() <= 1 + 2e-6 * (field.high - field.low)
            else:
                assert (given[field.name] == wanted[field.name]).all()


def test_it_draws_with_the_standard_deviation_of_the_model():
    trained = model(PPO, encoding())
    learned = from_sb3(trained, encoding(), deterministic=False)
    assert not learned.deterministic
    assert np.allclose(learned.network.weights["log_std"], trained.policy.log_std.detach().numpy())
    assert learned.network.weights["log_std"].std() > 0


class Doubled(BaseFeaturesExtractor):
    def __init__(self, observation_space):
        super().__init__(observation_space, observation_space.shape[0])

    def forward(self, observations):
        return 2 * observations


def normalised(algo, made):
    return model(algo, made, VecNormalize(DummyVecEnv([lambda: Nothing(made)])))


def with_policy(algo, made, **net):
    return model(algo, made, policy_kwargs=net)


def other_space(algo, made, **given):
    return model(algo, made, Nothing(made, **given))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda made: A2C("MlpPolicy", Nothing(made)), "model: A2C given, allowed are PPO, MaskablePPO, DQN with MlpPolicy"),
        (lambda made: RecurrentPPO("MlpLstmPolicy", Nothing(made)), "model: RecurrentPPO given"),
        (lambda made: "ppo", "model: str given"),
        (lambda made: normalised(PPO, made), "model: trained in a VecNormalize, allowed is the environment itself"),
        (lambda made: model(PPO, made, use_sde=True), "model: use_sde=True given, allowed is False"),
        (lambda made: with_policy(PPO, made, features_extractor_class=Doubled), "features by Doubled given, allowed is Flatten"),
        (lambda made: with_policy(PPO, made, activation_fn=torch.nn.ELU), "layers Linear, ELU, .* Linear with Tanh or with ReLU"),
        (lambda made: model(PPO, encoding("client", "box")), "model: features .*given, the provider of service_market has"),
        (lambda made: model(PPO, encoding(form="multidiscrete")), "actions of the form multidiscrete given, the provider"),
        (lambda made: other_space(PPO, made, action=spaces.Box(-2, 2, (2,))), "Box with other ends given, allowed are -1 and 1"),
        (lambda made: other_space(PPO, made, action=spaces.Box(-1, 1, (3,))), r"model: actions \(3,\) given, .* has \(2,\)"),
        (lambda made: other_space(PPO, made, action=spaces.MultiBinary(3)), "an action space MultiBinary given, allowed are Box"),
    ],
)
def test_a_model_that_can_not_be_taken_over_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        from_sb3(make(encoding("provider", "box")), encoding("provider", "box"))


def test_a_cnn_is_refused():
    image = spaces.Box(0, 255, (36, 36, 1), np.uint8)
    trained = PPO("CnnPolicy", Nothing(encoding(), observation=image), device="cpu")
    with pytest.raises(InputError, match=r"PPO with ActorCriticCnnPolicy given, allowed are PPO, .* with MlpPolicy"):
        from_sb3(trained, encoding())


@pytest.fixture(scope="module")
def zipped(tmp_path_factory):
    """A model in a zip of Stable-Baselines3."""
    file = tmp_path_factory.mktemp("zip") / "mine.zip"
    model(PPO, encoding()).save(file)
    return file


def test_a_zip_is_loaded_only_if_it_is_trusted(zipped):
    with pytest.raises(InputError, match="loading a zip of Stable-Baselines3 runs code from the file; allowed with trust=True"):
        load_zip(zipped, encoding())
    learned, view = load_zip(zipped, encoding(), trust=True), views("provider", 50)
    wanted = from_sb3(model(PPO, encoding()), encoding()).act(view, None, None)
    assert all((learned.act(view, None, None)[name] == values).all() for name, values in wanted.items())


@pytest.mark.parametrize("algo", [DQN, MaskablePPO])
def test_every_algorithm_comes_back_from_its_zip(tmp_path, algo):
    made = encoding("client", "discrete")
    model(algo, made).save(tmp_path / "mine.zip")
    assert load_zip(tmp_path / "mine.zip", made, trust=True).network.masked == (algo is MaskablePPO)


def test_what_is_no_such_zip_is_refused_even_if_trusted(tmp_path):
    file = tmp_path / "mine.zip"
    for content in (b"", b"PK\x03\x04", b"text"):
        file.write_bytes(content)
        with pytest.raises(InputError, match=r"mine\.zip: no zip of Stable-Baselines3"):
            load_zip(file, encoding(), trust=True)
    with pytest.raises(InputError, match="no zip of Stable-Baselines3"):
        load_zip(tmp_path / "nowhere.zip", encoding(), trust=True)
    RecurrentPPO("MlpLstmPolicy", Nothing(encoding())).save(file)
    with pytest.raises(InputError, match=r"a policy of sb3_contrib\.common\.recurrent\.policies given, allowed are those of PPO"):
        load_zip(file, encoding(), trust=True)


def test_a_trusted_zip_plays_in_a_run(zipped):
    import sim

    rows = sim.run("service_market", {"provider": str(zipped)}, seeds=2, preset="minimal", trust=True)
    assert rows.provider.tolist() == ["mine.zip"] * 2
    played = world({"provider": load_zip(zipped, encoding(), trust=True)}, seeds=[0, 1])
    played.play()
    assert rows.digest.tolist() == [played.digest(w) for w in range(2)]
    for trust in ({}, {"trust": False}):
        with pytest.raises(
            InputError, match=r"policy provider=.*mine\.zip: loading a zip .* runs code from the file; allowed with --trust"
        ):
            sim.run("service_market", {"provider": str(zipped)}, seeds=2, preset="minimal", **trust)
