# The commands of the README. Each installs what it needs.
PYTHON ?= python3
BUILD := build
VENV := .venv
BENCH_VENV := .venv-bench
JOBS ?= $(shell nproc)
# Where CUDA's compiler is, its device is built too; CUDA= leaves it out. Other GPUs: CUDA="-DLAMINA_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=89".
NVCC := $(firstword $(wildcard /usr/local/cuda/bin/nvcc) $(shell command -v nvcc))
CUDA ?= $(if $(NVCC),-DLAMINA_CUDA=ON -DCMAKE_CUDA_COMPILER=$(NVCC) -DCMAKE_CUDA_ARCHITECTURES=90)
# Faster from scratch; UNITY=OFF is faster after a small change (CONTRIBUTING.md).
UNITY ?= ON
ALONE := cmake -S . -G Ninja -DCMAKE_BUILD_TYPE=Release -DLAMINA_PYTHON=ON -DPython3_EXECUTABLE=$(abspath $(VENV))/bin/python
CONFIGURE := $(ALONE) -B $(BUILD) -DLAMINA_UNITY=$(UNITY)
.PHONY: quickstart test lint lint-cpp lint-python tidy headers docs bench system build package wheels clean

# Builds what the example needs: the library and the module, neither tests nor CUDA.
quickstart: system $(VENV)/bin/python
	$(CONFIGURE)
	cmake --build $(BUILD) -j $(JOBS) --target lamina _lamina digits
	scripts/link-package $(VENV)/bin/python $(BUILD)
	$(VENV)/bin/python examples/python/quickstart.py

build: $(BUILD)/.built

# Debian's packages; without root the build goes on with what is there.
system:
	@scripts/install-system-packages

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/bin/python -m pip install --quiet numpy pybind11

.PHONY: $(BUILD)/.built
$(BUILD)/.built: system $(VENV)/bin/python
	$(CONFIGURE) $(CUDA)
	cmake --build $(BUILD) -j $(JOBS)

# The built module in the virtual environment, by a path file: one build serves C++ and Python.
package: build
	scripts/link-package $(VENV)/bin/python $(BUILD)

test: build package
	$(VENV)/bin/python -m pip install --quiet -r tests/python/requirements.txt
	ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)
	KERAS_BACKEND=jax $(VENV)/bin/python -m pytest -q -n $(JOBS) --dist worksteal tests/python

# What continuous integration asks of the text itself.
lint: lint-cpp lint-python

CPP_FILES = $(shell git ls-files '*.h' '*.c' '*.cpp' '*.cu' '*.cuh' '*.inc')
lint-cpp: $(VENV)/bin/python
	$(VENV)/bin/clang-format --version 2>/dev/null | grep -q 14.0.6 || $(VENV)/bin/python -m pip install --quiet clang-format==14.0.6
	@$(VENV)/bin/clang-format --dry-run --Werror $(CPP_FILES)

# A few checks of clang-tidy (.clang-tidy), and headers that compile alone. They take minutes: before larger changes are handed in.
tidy: $(VENV)/bin/python
	$(ALONE) -B $(BUILD)-tidy -DLAMINA_UNITY=OFF
	git ls-files 'backends/*.cpp' 'layers/*.cpp' 'losses/*.cpp' 'optimizers/*.cpp' 'serialization/*.cpp' 'api/*.cpp' 'capi/*.cpp' | \
	  grep -vE '(_cublas|_cudnn|_nvrtc|_nvrtc_source|_simd)\.cpp$$|^backends/cuda/' | \
	  xargs -P $(JOBS) -n 4 scripts/clang-tidy-checks $(BUILD)-tidy

headers:
	git ls-files 'backends/*.h' 'layers/*.h' 'losses/*.h' 'optimizers/*.h' 'serialization/*.h' 'api/*.h' 'capi/*.h' | grep -v '^backends/cuda/' | \
	  xargs -P $(JOBS) -n 1 scripts/header-compiles-alone

# The style of all Python (pyproject.toml), and its layout.
lint-python: $(VENV)/bin/python
	test -x $(VENV)/bin/ruff || $(VENV)/bin/python -m pip install --quiet ruff==0.17.6
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

# Wheels in dist/ that need the C library alone (docs/packages.md).
wheels:
	scripts/build-wheels --check

# The documentation as a site: build/site/index.html.
docs: package
	$(VENV)/bin/python -m pip install --quiet mkdocs-material
	$(VENV)/bin/python scripts/generate-docs $(BUILD)/docs
	$(VENV)/bin/python -m mkdocs build --quiet

# Lamina beside Keras and PyTorch; BENCH="--workloads mlp --rounds 3" chooses (bench/README.md).
bench: build
	cmake -S . -B $(BUILD) -DLAMINA_BENCH=ON
	cmake --build $(BUILD) -j $(JOBS) --target bench_workloads
	test -x $(BENCH_VENV)/bin/python || $(PYTHON) -m venv $(BENCH_VENV)
	bench/python/install-peers $(BENCH_VENV)/bin/python
	scripts/link-package $(BENCH_VENV)/bin/python $(BUILD)
	$(BENCH_VENV)/bin/python bench/python/run.py $(BENCH)

clean:
	rm -rf $(BUILD) $(BUILD)-tidy $(VENV) $(BENCH_VENV)
