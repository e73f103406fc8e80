"""keras.utils."""

from lamina._core.public import public_module

_CONFIGS = "lamina._core.configs.registration"

__getattr__, __dir__ = public_module(
    __name__,
    modules=("bounding_boxes", "legacy"),
    loaded={
        "Config": "lamina.utils.config",
        "CustomObjectScope": _CONFIGS,
        "FeatureSpace": "lamina.utils.feature_space",
        "Progbar": "lamina.utils.progbar",
        "PyDataset": "lamina.utils.py_dataset",
        "Sequence": "lamina.utils.py_dataset",
        "array_to_img": "lamina.utils.images",
        "audio_dataset_from_directory": "lamina.utils.audio_directories",
        "clear_session": "lamina._core.sessions",
        "custom_object_scope": _CONFIGS,
        "deserialize_keras_object": "lamina._core.configs.serialized",
        "get_file": "lamina.utils.downloads",
        "get_custom_objects": _CONFIGS,
        "get_registered_name": _CONFIGS,
        "get_registered_object": _CONFIGS,
        "get_source_inputs": "lamina._core.symbolic",
        "image_dataset_from_directory": "lamina.utils.image_directories",
        "img_to_array": "lamina.utils.images",
        "is_keras_tensor": "lamina._core.symbolic",
        "load_img": "lamina.utils.images",
        "model_to_dot": "lamina.utils.drawing",
        "normalize": "lamina.utils.arrays",
        "pack_x_y_sample_weight": "lamina.utils.batches",
        "pad_sequences": "lamina.utils.arrays",
        "plot_model": "lamina.utils.drawing",
        "register_keras_serializable": _CONFIGS,
        "save_img": "lamina.utils.images",
        "serialize_keras_object": "lamina._core.configs.serialized",
        "set_random_seed": "lamina.utils.random_seed",
        "standardize_dtype": "lamina._core.values.dtypes",
        "split_dataset": "lamina.utils.dataset_parts",
        "text_dataset_from_directory": "lamina.utils.text_directories",
        "timeseries_dataset_from_array": "lamina.utils.timeseries",
        "to_categorical": "lamina.utils.arrays",
        "unpack_x_y_sample_weight": "lamina.utils.batches",
    },
)
