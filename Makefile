# The two commands: `make demo` and `make test`. Each is complete on a fresh machine with Python
# 3.11 to 3.13. `make quick` is the inner loop: the linter and the tests of under a second. `make
# lock` brings the locks up to date with the requirements, `make lock UPGRADE=--upgrade` also with
# what others have released.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
DEMO := demo
PHOTOS := 420
CROPS := 12000
EPOCHS := 6
# The versions that the tests ran with, each file known by its hash. The newest within the bounds:
# `make test INSTALL="-r requirements-dev.txt"`.
INSTALL ?= --require-hashes -r requirements.lock
UPGRADE ?=
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command "make lock" $(UPGRADE)

.PHONY: demo quick test thorough coverage lint format lock docs clean

$(VENV)/installed: $(wildcard requirements*)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(INSTALL)
	touch $@

demo: $(VENV)/installed
	rm -rf $(DEMO)
	@echo "This takes about five minutes on two cores. First the model that ships names the photos"
	@echo "that ship; then every stage runs, from simulated photos to a small model of your own."
	@echo "Pictures to look at come on the way: $(DEMO)/shipped/overview.png after some seconds,"
	@echo "$(DEMO)/InputData/sheets/ after a minute, $(DEMO)/model/report.html after three."
	@echo
	@echo "The model that ships, on photos that ship:"
	$(BIN)/python identify.py web/static/web/examples --plot $(DEMO)/shipped
	@echo
	@echo "Now every stage, from simulated photos to a model:"
	$(BIN)/python s0_simulate.py photos --count $(PHOTOS) --seed 1 --output $(DEMO)/RawData
	$(BIN)/python s1_label_images.py --input $(DEMO)/RawData
	$(BIN)/python s2_preprocess.py --input $(DEMO)/RawData/Image_Labeled --output $(DEMO)/InputData --sheet
	$(BIN)/python s3_to_tfrecord.py --input $(DEMO)/InputData
	$(BIN)/python s0_simulate.py crops --count $(CROPS) --seed 2 --output $(DEMO)/InputData/simulated.tfrecord
	$(BIN)/python s4_train.py --input $(DEMO)/InputData --epochs $(EPOCHS) --output $(DEMO)/model \
		--train $(DEMO)/InputData/train.tfrecord $(DEMO)/InputData/simulated.tfrecord
	$(BIN)/python s5_freeze_pb.py --input $(DEMO)/model
	$(BIN)/python s0_simulate.py photos --count 12 --seed 3 --output $(DEMO)/photos
	$(BIN)/python identify.py $(DEMO)/photos/Image --model $(DEMO)/model --plot $(DEMO)/identified
	@echo "Look at $(DEMO)/identified/overview.png, at $(DEMO)/InputData/sheets/ (photos and the"
	@echo "crops cut from them), and at $(DEMO)/model/report.html (how well the model learned)."
	@echo "The model in $(DEMO)/model was trained on few crops, to show that the stages work. The"
	@echo "model for use is models/default, which identify.py takes without --model."

quick: $(VENV)/installed lint
	$(PYTEST) -m "not slow and not thorough"

# How much of the code the quick tests run is told by wing; under Python 3.11 that costs them a third
# of their time, so the slow ones go without.
test: $(VENV)/installed lint coverage
	$(PYTEST) -m "slow and not thorough"

thorough: $(VENV)/installed lint
	$(PYTEST)

coverage: $(VENV)/installed
	$(PYTEST) -m "not slow and not thorough" --cov --cov-report=json
	$(BIN)/python benchmarks/coverage_by_wing.py

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/installed
	$(BIN)/$(COMPILE) requirements-dev.txt -o requirements.lock
	$(BIN)/$(COMPILE) requirements-use.txt -c requirements.lock -o requirements-use.lock

# Figures, printed answers and pictures of README and docs, after a model or a page has changed.
docs: $(VENV)/installed
	$(BIN)/python benchmarks/fill_figures.py
	$(BIN)/python benchmarks/draw_docs.py

clean:
	rm -rf $(DEMO) $(VENV)
