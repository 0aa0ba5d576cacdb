"""The entry point of lmms-eval's group `lmms_eval.models`."""

from typing import Any


def manifest() -> Any:
    """Tell lmms-eval where the model "rewatch" is; called by lmms-eval."""
    from lmms_eval.models.registry_v2 import ModelManifest

    return ModelManifest(model_id="rewatch", simple_class_path="rewatch.evals.lmms.model.RewatchModel")
