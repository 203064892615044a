# SPDX-License-Identifier: ISC
# The tests' part of the Makefile. quick is inside check, check inside
# check-all; each prints what it showed and skips nothing silently.

$(B)/tests/%: $(B)/tests/unit/%.o $(B)/libleaseline.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LIB_SNMP) $(LIB_HTTP) \
		$(LIB_CURL) $(LIB_SSL) $(LIB_CPU) $(LIB_JSON) $(LIB_INI) $(LIB_SQL) $(LIB_MATH)
unit: $(TESTS:%=$(B)/tests/%) ## unit tests, one program a module
	@tests/unit.sh $^
	@tests/unit/mib_text.sh $(B)/tests/test_mib_text

$(B)/tests/golden-run: $(B)/tests/golden/golden.o $(B)/libleaseline.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_CURL) $(LIB_SSL) \
		$(LIB_CPU) $(LIB_JSON) $(LIB_INI) $(LIB_HTTP)
$(B)/tests/reference: $(B)/tests/golden/reference.o $(B)/libleaseline.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_HTTP)
$(B)/tests/status-schema: $(B)/tests/golden/schema.o $(B)/libleaseline.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^
golden: $(B)/tests/golden-run $(B)/tests/reference $(B)/tests/status-schema ## faces of known situations, compared with files
	@$(B)/tests/golden-run tests/golden
	@$(B)/tests/reference | diff -u exporter/METRICS.md - || { \
		echo "golden: make metrics-reference, and read it" >&2; exit 1; }
	@$(B)/tests/status-schema | diff -u exporter/status.schema.json - || { \
		echo "golden: make status-schema, and read it" >&2; exit 1; }
metrics-reference: $(B)/tests/reference ## write exporter/METRICS.md from the tables
	@$< >exporter/METRICS.md
status-schema: $(B)/tests/status-schema ## write exporter/status.schema.json from the tables
	@$< >exporter/status.schema.json
.PHONY: metrics-reference status-schema
golden-update: $(B)/tests/golden-run
	@$(B)/tests/golden-run --update tests/golden

# Lives on a simulated clock: the seal and what asks the machine are replaced.
SIM       = check check_vendor faces fate fate_copy fate_host \
	    fate_offline fate_vendor \
	    files honest life light main manager seal store vendor whole wire
SIM_WRAPS = document_seal doc_verify doc_verify_machine sha256 random_bytes \
	    signing_key_new EVP_DigestVerify
$(B)/tests/life: $(SIM:%=$(B)/tests/sim/%.o) $(B)/libleaseline.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) $(SIM_WRAPS:%=-Wl$(comma)--wrap=%) -o $@ $^ \
		$(LIB_HTTP) $(LIB_SSL) $(LIB_SQL) $(LIB_JSON) $(LIB_MATH)
YEARS ?= 400
WHOLE_YEARS ?= 15
SEED  ?= 1
sim: $(B)/tests/life ## years of licenses on a simulated clock: YEARS=, WHOLE_YEARS=, SEED=
	@$(B)/tests/life light none $(YEARS) $(SEED)
	@$(B)/tests/life whole stub $(WHOLE_YEARS) $(SEED)
# The long form: 10^5 machine-years without real keys (3000 of them as encoded
# documents with a stub seal, the others as values), 10^3 with real keys; the
# shipped keeper lives 1000 of the one and 100 of the other.
sim-check: $(B)/tests/life ## 100000 years of licenses, 1000 of them with real keys beside
	@tests/sim/check.sh $(B)/tests/life tests/sim/check.plan
.PHONY: sim-check

# The same lives with a bug in what is shipped: the patched files lie beside
# the program, and are linked in place of the library's.
$(B)/planted/%/life:
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) \
		$(SIM_WRAPS:%=-Wl$(comma)--wrap=%) -o $@ \
		$(shell find $(@D) -name '*.c') $(SIM:%=$(B)/tests/sim/%.o) \
		$(B)/libleaseline.a $(LIB_HTTP) $(LIB_SSL) $(LIB_SQL) \
		$(LIB_JSON) $(LIB_MATH)
planted: $(B)/tests/life ## bugs planted in shipped code: the simulation finds each
	@B=$(B) tests/sim/planted.sh $<
.PHONY: planted

$(B)/tests/schedule: $(patsubst %,$(B)/tests/sim/%.o,schedule plot) \
		$(B)/libleaseline.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_SSL)
schedule: $(B)/tests/schedule ## the refreshes of 10^6 machines over 30 days, with an outage
	@$<
schedule-plot: $(B)/tests/schedule
	@$< day tests/sim/schedule.svg
.PHONY: schedule schedule-plot

# Ratios in one run, printed and not judged; nobody else should compute.
BENCH_MACHINES ?= 10000 100000
$(B)/tests/bench/refresh: $(B)/tests/bench/refresh.o $(B)/libleaseline.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_HTTP) $(LIB_SSL) $(LIB_SQL) \
		$(LIB_JSON) $(LIB_MATH)
bench: ## every ratio that the README names, one after the other
	@$(MAKE) --no-print-directory bench-refresh
	@$(MAKE) --no-print-directory bench-snmp
	@$(MAKE) --no-print-directory bench-metrics
bench-refresh: all $(B)/tests/bench/refresh ## what a refresh costs the authority: BENCH_MACHINES=
	@B=$(B) tests/bench/refresh.sh $(BENCH_MACHINES)
bench-snmp: all $(B)/tests/bench/snmp_load ## what a value costs an SNMP manager: ROUNDS=
	@B=$(B) tests/bench/snmp.sh
bench-metrics: all ## what a scrape costs, beside nginx: ROUNDS= LICENSES=
	@tests/deps.sh bench
	@B=$(B) tests/bench/metrics.sh
bench-large: ## refreshes at 10^7 machines (5 GB in TMPDIR), scrapes of 2000 licenses: some 15 min
	@$(MAKE) --no-print-directory bench-refresh \
		BENCH_MACHINES='10000 1000000 10000000'
	@ROUNDS=1 $(MAKE) --no-print-directory bench-metrics
.PHONY: bench bench-large bench-refresh bench-snmp bench-metrics

# The Nth call fails: every name here has its __wrap_ in the program.
WRAPS = write fsync renameat openat open read unlinkat fchmod calloc realloc
$(B)/tests/fault/fault: $(B)/tests/fault/fault.o $(B)/libleaseline.a
	$(Q)$(CC) $(ALL_LDFLAGS) $(WRAPS:%=-Wl$(comma)--wrap=%) -o $@ $^ \
		$(LIB_SSL) $(LIB_JSON)
fault: $(B)/tests/fault/fault ## disk and memory fail at every call of a refresh
	@$(B)/tests/fault/fault
.PHONY: fault

# Vectors: made again and compared with the committed ones, then judged.
$(B)/tests/vectors/generate: $(patsubst %,$(B)/tests/vectors/%.o,generate \
		lines whole) $(B)/libleaseline.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_SSL)
$(B)/tests/vectors/check: $(B)/tests/vectors/check.o $(B)/libleaseline.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_SSL)
vectors: $(B)/tests/vectors/generate $(B)/tests/vectors/check ## documents, good and bad
	@rm -rf $(B)/vectors && mkdir -p $(B)/vectors/good $(B)/vectors/bad
	@$(B)/tests/vectors/generate $(B)/vectors
	@for f in INDEX root good bad; do \
		diff -r tests/vectors/$$f $(B)/vectors/$$f || exit 1; done
	@$(B)/tests/vectors/check tests/vectors
vectors-update: $(B)/tests/vectors/generate
	@rm -rf tests/vectors/good tests/vectors/bad
	@mkdir tests/vectors/good tests/vectors/bad
	@$(B)/tests/vectors/generate tests/vectors

# Fuzzing needs clang; the replay of its corpus does not.
FUZZERS = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_S ?= 20
SEEDS_document = tests/vectors/good tests/vectors/bad
seeds = $(wildcard $(SEEDS_$(1)) tests/fuzz/corpus/$(1))
$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/libleaseline.a
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIB_SSL) \
		$(LIB_INI) $(LIB_JSON) $(LIB_CPU) $(LIB_CURL) $(LIB_HTTP)
$(B)/tests/fuzz/replay_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o \
		$(B)/libleaseline.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_SSL) $(LIB_INI) $(LIB_JSON) \
		$(LIB_CPU) $(LIB_CURL) $(LIB_HTTP)
fuzz: ## fuzz the parsers with clang: FUZZ_S= seconds each
	@$(MAKE) --no-print-directory CC=clang SAN=fuzzer-no-link,address \
		$(FUZZERS:%=fuzz-run-%)
fuzz-run-%: $(B)/tests/fuzz/fuzz_%
	@mkdir -p $(B)/corpus/$*
	@$< -max_total_time=$(FUZZ_S) -max_len=20000 -timeout=10 \
		-artifact_prefix=$(B)/ $(B)/corpus/$* $(call seeds,$*) \
		>$<.log 2>&1 || { tail -40 $<.log; exit 1; }
	@printf 'fuzz %s: ' $*; grep '^Done' $<.log
fuzz-replay:
	@$(MAKE) --no-print-directory SAN=address,undefined \
		$(FUZZERS:%=fuzz-replay-%)
fuzz-replay-%: $(B)/tests/fuzz/replay_%
	@$< $(foreach d,$(call seeds,$*),$(d)/*)
.PRECIOUS: $(B)/tests/fuzz/fuzz_% $(B)/tests/fuzz/replay_%

# The real programs on loopback. smilint.sh and dropin.sh say so (77) where
# they cannot run: without the archive's package, without root. The longest
# first, so that none is left alone at the end.
INTEGRATION = notices doctor serving master crash rules terms alerting offline vendor vendor_change \
              nagios address copies hardware trial mibroot clients snmp_memory \
              snmp authority agree service tamper freeze smilint dropin install \
              sandbox two onchange follow busy check stats clock calendar tls keys \
              timereset formats snmpexporter librenms templates exposition \
              bandwidth page grafana
$(B)/tests/snmp_fixture $(B)/tests/lease_client: $(B)/tests/%: \
    $(B)/tests/integration/%.o $(B)/libleaseline.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_SNMP) $(LIB_SSL) $(LIB_CPU)
# One program and nothing of ours in it: it stands for a manager.
$(B)/tests/bench/snmp_load: $(B)/tests/bench/snmp_load.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^
integration: all $(B)/tests/snmp_fixture $(B)/tests/lease_client $(B)/tests/bench/snmp_load ## the real programs on loopback
	@B=$(B) O=$(O) tests/integration.sh $(INTEGRATION)
integration-%: all $(B)/tests/snmp_fixture $(B)/tests/lease_client $(B)/tests/bench/snmp_load
	@B=$(B) O=$(O) tests/integration.sh $*

packages: all deb ## the Debian packages in a fresh Debian 12: installed, run, upgraded, purged
	@tests/deps.sh packages
	@B=$(B) O=$(O) tests/integration.sh deb
.PHONY: packages

# Of Debian, but large; or fetched with npm, below $(O) and nowhere else.
CHECK_NMS = nms-npm nms-zabbix nms-browser nms-grafana
check-nms: ## management systems: a real Zabbix, and clients from npm
	@tests/deps.sh run check zabbix
	@command -v npm >/dev/null || tests/deps.sh nms
	@$(MAKE) --no-print-directory $(CHECK_NMS)
nms-zabbix: all
	@tests/deps.sh run check zabbix
	@B=$(B) O=$(O) tests/integration.sh zabbix
nms-browser: all $(B)/tests/golden-run
	@tests/deps.sh run check browser
	@B=$(B) O=$(O) tests/integration.sh page_browser
$(O)/npm/node_modules/net-snmp/package.json:
	@command -v npm >/dev/null || tests/deps.sh nms
	@npm install --silent --no-audit --no-fund --no-package-lock \
		--ignore-scripts --prefix $(O)/npm net-snmp@3.29
nms-npm: all $(B)/tests/snmp_fixture $(O)/npm/node_modules/net-snmp/package.json
	@NODE_PATH=$(abspath $(O)/npm/node_modules) B=$(B) \
		tests/integration/clients.sh npm
$(O)/npm-grafana/node_modules/typescript/package.json:
	@command -v npm >/dev/null || tests/deps.sh nms
	@npm install --silent --no-audit --no-fund --no-package-lock \
		--ignore-scripts --prefix $(O)/npm-grafana @grafana/data@13.2 \
		@grafana/schema@13.2 typescript@6.0
nms-grafana: all $(O)/npm-grafana/node_modules/typescript/package.json
	@NODE_PATH=$(abspath $(O)/npm-grafana/node_modules) B=$(B) \
		tests/integration/grafana.sh npm
.PHONY: check-nms $(CHECK_NMS)

grafana: ## make dashboards/grafana/*.json again, from generate.py
	@dashboards/grafana/generate.py dashboards/grafana
.PHONY: grafana

base-mibs: ## what LEASELINE-MIB imports, from Debian into build/base-mibs
	@tests/deps.sh run
	@tests/integration/smilint.sh --modules
.PHONY: base-mibs

snmp-modules: ## make dashboards/snmp_exporter again, from the MIB
	@tests/snmp_modules.sh dashboards/snmp_exporter
.PHONY: snmp-modules

floors: ## the house rules that a machine can see
	@tests/floors.sh
quick: floors ## under 30 s: house rules, unit, golden, vectors, years
	@$(MAKE) --no-print-directory all unit golden vectors sim links samples
links: all
	@tests/links.sh $(B)
samples: all
	@tests/samples.sh $(B)
sanitized: ## quick and a smoke under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory SAN=address,undefined unit golden vectors all
	@$(MAKE) --no-print-directory fuzz-replay
	@SANITIZED=1 SLOW_CLIENTS=60 FUZZ=600 B=$(O)/$(CC)-address-undefined O=$(O) \
		tests/integration.sh tamper serving
clang: ## everything compiles with clang without a warning
	@$(MAKE) --no-print-directory CC=clang WERROR=-Werror O=$(O)/clang all unit
# What runs on loopback mostly waits, and a compiler waits for the next one:
# the lives take what is left.
lives-beside-the-rest: $(B)/tests/life
	@mkdir -p $(O); echo "the rest takes minutes: $(O)/lives.log," \
		"$(O)/rest.log"; \
	nice -n 19 tests/sim/check.sh $(B)/tests/life \
		tests/sim/check.plan >$(O)/lives.log 2>&1 & lives=$$!; \
	{ $(MAKE) --no-print-directory fault schedule planted && \
	  $(MAKE) --no-print-directory clang && \
	  $(MAKE) --no-print-directory WERROR= sanitized && \
	  $(MAKE) --no-print-directory integration; } \
		>$(O)/rest.log 2>&1; rc=$$?; \
	wait $$lives || rc=1; cat $(O)/lives.log $(O)/rest.log; exit $$rc
.PHONY: lives-beside-the-rest
check: ## the proof, some 9 minutes on 2 cores: installs what it needs
	@tests/deps.sh build run check
	@$(MAKE) --no-print-directory WERROR=-Werror quick
	@$(MAKE) --no-print-directory WERROR=-Werror lives-beside-the-rest
check-all: check ## the long forms of the same
	@$(MAKE) --no-print-directory sim YEARS=100000
	@$(MAKE) --no-print-directory fuzz FUZZ_S=120
	@SLOW_CLIENTS=1000 FUZZ=10000 $(MAKE) --no-print-directory \
		integration-serving
	@FREEZE_S=120 FREEZE_STOP_S=90 $(MAKE) --no-print-directory \
		integration-freeze
	@SCRAPES=1000000 $(MAKE) --no-print-directory integration-exposition
	@FROZEN_S=120 $(MAKE) --no-print-directory integration-master
	@GETS=1000000 RECONNECTS=200 $(MAKE) --no-print-directory \
		integration-snmp_memory
	@$(MAKE) --no-print-directory integration-dist
	@$(MAKE) --no-print-directory packages
	@$(MAKE) --no-print-directory check-nms

.PHONY: check check-all clang floors fuzz fuzz-replay golden golden-update links samples \
	integration quick sanitized sim unit vectors vectors-update
