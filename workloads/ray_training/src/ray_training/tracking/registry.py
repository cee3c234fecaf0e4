"""MLflow: where runs are tracked and models are registered."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from platform_contract.document import Mlflow
from platform_contract.model_file import VERSION_ATTRIBUTE, sha256_of

from ray_training.data.reading import FloatMatrix
from ray_training.errors import TrainingError
from ray_training.receipt import uri_for_mlflow
from ray_training.tracking.tracking_database import ensure_database

if TYPE_CHECKING:
    import xgboost
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

ENVIRONMENT: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "GIT_PYTHON_REFRESH": "quiet",
    # Jobs of MLflow's server judge language models: ten processes of 200 MB each that wait for work that never comes.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}

MODEL_ARTIFACT: Final = "model.ubj"
"""The booster's file inside a logged model; MLflow names it so for the format ``ubj``."""

TRAINING_TAG: Final = "training"
"""Of a run: the digest of all that decides what its training leaves behind."""
DIGEST_TAG: Final = "sha256"
"""Of a registered version: the digest of its booster's file."""

EXPERIMENT_TAGS: Final = {
    # Which of its two faces MLflow's page shows: that of models, not that of agents. Its own clients ask a person.
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.note.content": (
        "Trainings of the model that forecasts delays of flights: a run for each, named by the version of its data set"
        " and by its day."
    ),
}
MODEL_DESCRIPTION: Final = (
    "The probability that a flight arrives late, from what is known an hour before its scheduled departure:"
    " gradient-boosted trees of XGBoost, trained with Ray on the features that Spark prepared. The services take the"
    " version that has the alias, which moves to a new version unless its log loss on the held-out months is greater."
)


@dataclass(frozen=True)
class About:
    """What a registered version says of itself."""

    description: str
    tags: Mapping[str, str]


@contextmanager
def faults_explained(settings: Mlflow) -> Iterator[None]:
    """Turns MLflow's faults inside the block into `TrainingError`."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, RequestException, SQLAlchemyError) as error:
        first = str(error).splitlines()[0]
        raise TrainingError(
            f"MLflow at {settings.tracking_uri} did not do what it was asked for: {first}\nIs it reachable, and is the"
            " contract's mlflow.tracking_uri right?"
        ) from error


class Registry:
    """The experiment and the registered model that the contract names. Made, if need be, when it is opened.

    Raises:
        TrainingError: from any method, if MLflow cannot be reached or refuses.
    """

    def __init__(self, settings: Mlflow) -> None:
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        import logging

        logging.getLogger("alembic").setLevel(logging.WARNING)
        import mlflow

        self.settings = settings
        uri = uri_for_mlflow(settings.tracking_uri)
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        with faults_explained(settings):
            ensure_database(settings.tracking_uri)
            self.client: MlflowClient = mlflow.MlflowClient()
            found = self.client.get_experiment_by_name(settings.experiment)
            if found is None:
                self.experiment_id: str = self.client.create_experiment(
                    settings.experiment,
                    artifact_location=f"{settings.artifacts}/{settings.experiment}",
                    tags=EXPERIMENT_TAGS,
                )
            else:
                self.experiment_id = found.experiment_id
                # What a person has written there stays.
                for tag in EXPERIMENT_TAGS.keys() - found.tags.keys():
                    self.client.set_experiment_tag(self.experiment_id, tag, EXPERIMENT_TAGS[tag])

    def champion(self) -> ModelVersion | None:
        """The version that the alias names."""
        from mlflow.exceptions import MlflowException

        with faults_explained(self.settings):
            try:
                return self.client.get_model_version_by_alias(
                    self.settings.registered_model, self.settings.champion_alias
                )
            except MlflowException as error:
                # No such model, or (a fault of the parameter, says MLflow) no such alias of it.
                if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    return None
                raise

    def run_of(self, training: str, parameters: Mapping[str, Any]) -> str | None:
        """The newest run of that training, to go on with where it was cut off; none whose parameters were others."""
        with faults_explained(self.settings):
            for run in self.client.search_runs([self.experiment_id], f"tags.{TRAINING_TAG} = '{training}'"):
                known = run.data.params
                if all(known.get(name, str(value)) == str(value) for name, value in parameters.items()):
                    return str(run.info.run_id)
        return None

    def _registered(self, booster: xgboost.Booster, run_id: str) -> str | None:
        """The version that the run has registered already, if it is this very model and its file is whole."""
        for version in self.client.search_model_versions(f"run_id = '{run_id}'"):
            if version.name != self.settings.registered_model:
                continue
            booster.set_attr(**{VERSION_ATTRIBUTE: str(version.version)})
            wanted = sha256_of(bytes(booster.save_raw("ubj")))
            if version.tags.get(DIGEST_TAG) == wanted and self._digest_of_file(str(version.version)) == wanted:
                return str(version.version)
        return None

    def _digest_of_file(self, version: str) -> str | None:
        try:
            with tempfile.TemporaryDirectory() as folder:
                return sha256_of(self.model_file(version, Path(folder)).read_bytes())
        except (TrainingError, OSError):
            return None

    def register(self, booster: xgboost.Booster, example: FloatMatrix, run_id: str, about: About) -> tuple[str, str]:
        """Logs the model to the active run and registers it; its version and the location of its files.

        The file carries its own version, so the number must be known before the file is written: it is the next one,
        and should another training take it in the meantime, the version that was made is taken back and tried anew.
        What the run has registered before it was cut off is not registered again.
        """
        import mlflow
        import numpy as np
        import pandas as pd  # type: ignore[import-untyped]  # no stubs for this one use
        from mlflow.models import infer_signature

        frame = pd.DataFrame(example, columns=booster.feature_names, dtype=np.float32)
        name = self.settings.registered_model
        with faults_explained(self.settings):
            if registered := self._registered(booster, run_id):
                return registered, self.client.get_model_version_download_uri(name, registered)
            if not self.client.search_registered_models(f"name = '{name}'"):
                self.client.create_registered_model(name, description=MODEL_DESCRIPTION)
            known = self.client.search_model_versions(f"name = '{name}'")
            expected = max((int(version.version) for version in known), default=0) + 1
            while True:
                booster.set_attr(**{VERSION_ATTRIBUTE: str(expected)})
                logged = mlflow.xgboost.log_model(
                    booster,
                    name="model",
                    model_format="ubj",
                    signature=infer_signature(frame, booster.inplace_predict(example)),
                    input_example=frame,
                    pip_requirements=_requirements(),
                )
                version = self.client.create_model_version(
                    name,
                    source=logged.model_uri,
                    run_id=run_id,
                    tags={**about.tags, DIGEST_TAG: sha256_of(bytes(booster.save_raw("ubj")))},
                    description=about.description,
                    model_id=logged.model_id,
                )
                if int(version.version) == expected:
                    location = self.client.get_model_version_download_uri(name, str(expected))
                    return str(expected), location
                self.client.delete_model_version(name, version.version)
                expected = int(version.version) + 1

    def move_alias(self, version: str) -> None:
        """Makes the alias name `version`."""
        with faults_explained(self.settings):
            self.client.set_registered_model_alias(
                self.settings.registered_model, self.settings.champion_alias, version
            )

    def model_file(self, version: str, folder: Path) -> Path:
        """Fetches a version's booster into `folder`."""
        import mlflow

        with faults_explained(self.settings):
            uri = f"models:/{self.settings.registered_model}/{version}"
            return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder))) / MODEL_ARTIFACT


def _requirements() -> list[str]:
    """What a service that loads the model needs. Named here, because MLflow would start a process to find out."""
    from importlib.metadata import version

    return [f"{name}=={version(name)}" for name in ("mlflow", "numpy", "pandas", "xgboost-cpu")]
