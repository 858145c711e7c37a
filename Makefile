# The two commands: `make demo` and `make test`. Each is complete on a fresh machine with Python 3.11+.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
PHOTOS := 420
CROPS := 12000
EPOCHS := 6

.PHONY: demo test lint format clean

$(VENV)/installed: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $@

demo: $(VENV)/installed
	rm -rf $(DEMO)
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
	@echo "Look at $(DEMO)/identified/overview.png and $(DEMO)/InputData/sheets/"

test: $(VENV)/installed lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(DEMO) $(VENV)
