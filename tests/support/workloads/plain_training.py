"""Trainings without Ray, and their records in a real registry."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp

from platform_contract import FeatureManifest
from ray_training.data.dataset import Dataset, find_dataset
from ray_training.data.reading import fill, read_files
from ray_training.distributed.training import Trained
from ray_training.distributed.worker import MODEL_FILE, OUTCOME_FILE, PREDICTIONS_FILE, Outcome
from ray_training.models.boosting import best_of, boost, predict, quantized
from ray_training.models.evaluation import score
from ray_training.models.logistic import LogisticScores
from ray_training.settings import BoostingSettings
from ray_training.tracking.recording import Background, Recorded, record
from ray_training.tracking.registry import Registry
from synthetic_dataset import write_dataset
from training_site import Site

LOGISTIC = LogisticScores(auc=0.6, log_loss=0.6)
GOOD, BAD = BoostingSettings(rounds=30), BoostingSettings(rounds=1)


def train_plainly(dataset: Dataset, settings: BoostingSettings, folder: Path) -> Trained:
    """What a run of Ray Train leaves, made without Ray in a second."""
    from ray.train import Checkpoint

    manifest, split = dataset.manifest, dataset.split
    columns = [*dataset.feature_names, manifest.label, manifest.month]
    tables = read_files(dataset.paths, columns, manifest.month, list(manifest.months))
    fitted, validation, heldout = fill(dataset, tables, [split.train, split.validation, split.heldout])
    booster, progress = boost(settings, 2, *quantized(dataset, [fitted, validation], settings, threads=2))
    model = best_of(booster, progress)
    scores, curves = score(heldout.labels, predict(model, heldout.features), float(fitted.labels.mean()))
    outcome = Outcome(
        scores=scores,
        curves=curves,
        rows_train=fitted.rows,
        rows_validation=validation.rows,
        rounds=progress.rounds,
        best_rounds=progress.best_rounds,
        validation_log_loss=min(progress.validation_log_loss),
        resumed_from_round=0,
        timings={},
    )
    folder.mkdir(parents=True)
    model.save_model(folder / MODEL_FILE)
    (folder / OUTCOME_FILE).write_text(outcome.model_dump_json())
    (folder / PREDICTIONS_FILE).write_bytes(b"")
    return Trained(Checkpoint.from_directory(folder))


def background_of(
    site: Site, dataset: Dataset, settings: BoostingSettings, scratch: Path, *, resumes: bool
) -> Background:
    return Background(
        contract=site.contract,
        dataset=dataset,
        settings=settings,
        logistic=LOGISTIC,
        trials=[],
        scratch=scratch,
        training="of-these-data-and-settings",
        resumes=resumes,
    )


class Recorder:
    """Trains and records on one site; the contract's data set may change in between."""

    def __init__(self, folder: Path) -> None:
        self.site = Site.make(folder)
        self.registry = Registry(self.site.contract.mlflow)

    def write_dataset(self, seed: int = 7) -> FeatureManifest:
        return write_dataset(Path(self.site.contract.lake.features), rows=4000, seed=seed)

    def record(self, settings: BoostingSettings, dataset: Dataset | None = None, *, resumes: bool = False) -> Recorded:
        scratch = Path(mkdtemp(prefix="scratch-", dir=self.site.folder))
        dataset = dataset or find_dataset(self.site.contract.lake.features)
        trained = train_plainly(dataset, settings, scratch / "run")
        return record(self.registry, trained, background_of(self.site, dataset, settings, scratch, resumes=resumes))

    def champion(self) -> str:
        version = self.registry.champion()
        assert version is not None
        return str(version.version)
