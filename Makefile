# SPDX-License-Identifier: ISC
# Leaseline. `make help` lists the targets; V=1 shows the commands.

ifeq ($(origin CC),default)
CC      = gcc
endif
SAN     ?=
PREFIX  ?= /usr
DESTDIR ?=
MIB_ROOT ?= 1.3.6.1.4.1.8072.9999.9999.14
VERSION := 0.1.0
REVISION := $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
comma   := ,
Q       := $(if $(V),,@)
O       ?= build
B       := $(O)/$(CC)$(if $(SAN),-$(subst $(comma),-,$(SAN)))

# The lists are the map: floor 0, floor 1, floor 2, floor 3, roofs.
BASE      = buf clock conf encode exposition file http log loop notify utc
LICENSE   = agent_report answer codec codec_value command documents edges facts fields hardware json \
            keyring names policy report sign status text timekeeping \
            verify
KEEPER    = client disk errands inspect keeper load machine_key memory pulse \
            renew view watch
EXPORTER  = metrics process web
AGENT     = announce config config_check control execute mib mib_objects \
            notices once snmp socket subtree
AUTHORITY = admin arguments certificate database decide event grant init \
            inspect issue output records route schema serve sqlite tally \
            weigh writer

SOURCES = $(BASE:%=license/base/%.c) $(LICENSE:%=license/%.c) \
          $(KEEPER:%=license/keeper/%.c) $(EXPORTER:%=exporter/%.c) \
          $(AGENT:%=agent/%.c) $(AUTHORITY:%=license/authority/%.c)
HAVE    = $(wildcard $(SOURCES))

# One line per library, and who links it.
LIB_HTTP = -lmicrohttpd
LIB_INI  = -linih
LIB_SSL  = -lcrypto
LIB_CURL = -lcurl
LIB_CPU  = -lcpuid
LIB_JSON = -ljansson
LIB_SNMP = -lnetsnmpagent -lnetsnmp
LIB_SQL  = -lsqlite3
LIB_MATH = -lm

WARN = -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes \
       -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
CFLAGS  ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(WARN) $(WERROR) -I. -D_GNU_SOURCE -pthread -fPIE \
       -fstack-protector-strong $(if $(SAN),-fsanitize=$(SAN) \
       -fno-omit-frame-pointer -fno-sanitize-recover=all,-D_FORTIFY_SOURCE=2) \
       -DLEASELINE_VERSION='"$(VERSION)"' $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pthread -pie -Wl,-z,relro,-z,now,--as-needed \
       $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

PROGRAMS = $(B)/leaselined $(B)/fcli $(B)/leaseline-authority
TESTS    = $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

all: $(PROGRAMS) $(if $(SAN),,install-links) ## build the programs

install-links: $(PROGRAMS)
	@for p in $(PROGRAMS); do ln -sf $(notdir $(B))/$$(basename $$p) \
		$(O)/$$(basename $$p); done

$(B)/libleaseline.a: $(HAVE:%.c=$(B)/%.o)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/leaselined: $(B)/agent/main.o $(B)/libleaseline.a
	@echo "  LD  $(@F)"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_SNMP) $(LIB_HTTP) $(LIB_CURL) \
		$(LIB_SSL) $(LIB_CPU) $(LIB_JSON) $(LIB_INI) $(LIB_MATH)
$(B)/fcli: $(B)/license/fcli/main.o $(B)/libleaseline.a
	@echo "  LD  $(@F)"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^
$(B)/leaseline-authority: $(B)/license/authority/main.o $(B)/libleaseline.a
	@echo "  LD  $(@F)"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_HTTP) $(LIB_SSL) $(LIB_SQL) \
		$(LIB_JSON) $(LIB_MATH)

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC  $<"
	$(Q)$(CC) $(ALL_CFLAGS) $(DEFS_$(basename $(<F))) -MMD -MP -c -o $@ $<
DEFS_mib  = -DMIB_ROOT='"$(MIB_ROOT)"'
DEFS_main = -DLEASELINE_REVISION='"$(REVISION)"'
DEFS_snmp = -isystem /usr/include

$(B)/tests/%: $(B)/tests/unit/%.o $(B)/libleaseline.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LIB_SNMP) $(LIB_HTTP) \
		$(LIB_CURL) $(LIB_SSL) $(LIB_CPU) $(LIB_JSON) $(LIB_INI) $(LIB_SQL) $(LIB_MATH)
unit: $(TESTS:%=$(B)/tests/%) ## unit tests
	@tests/unit.sh $^

$(B)/tests/golden-run: $(B)/tests/golden/golden.o $(B)/libleaseline.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_CURL) $(LIB_SSL) \
		$(LIB_CPU) $(LIB_JSON) $(LIB_INI) $(LIB_HTTP)
golden: $(B)/tests/golden-run ## faces of known situations, compared with files
	@$(B)/tests/golden-run tests/golden
golden-update: $(B)/tests/golden-run
	@$(B)/tests/golden-run --update tests/golden

$(B)/tests/years: $(B)/tests/sim/years.o $(B)/libleaseline.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_SSL)
YEARS ?= 2000
SEED  ?= 1
sim: $(B)/tests/years ## years of licenses on a simulated clock: YEARS=, SEED=
	@$(B)/tests/years $(YEARS) $(SEED) 3

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
.PHONY: fuzz fuzz-replay vectors vectors-update

$(B)/tests/snmp_fixture: $(B)/tests/integration/snmp_fixture.o \
    $(B)/libleaseline.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_SNMP) $(LIB_SSL) $(LIB_CPU)
check-snmp: $(B)/tests/snmp_fixture ## the MIB and a real snmpd: lint, faults
	@tests/integration/smilint.sh || [ $$? = 77 ]
	@B=$(B)/tests tests/integration/dropin.sh || [ $$? = 77 ]
	@B=$(B)/tests tests/integration/snmp.sh

$(B)/tests/lease_client: $(B)/tests/integration/lease_client.o \
    $(B)/libleaseline.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_SSL)
check-authority: $(B)/leaseline-authority $(B)/tests/lease_client
	@B=$(B) tests/integration/authority.sh
.PHONY: check-authority

run: deps all ## start an authority, snmpd and the agent on loopback
	@tests/integration/run.sh start
stop: ## stop what run started
	@tests/integration/run.sh stop

install: $(PROGRAMS) ## install below PREFIX; DESTDIR= for a package
	@B=$(B) PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' agent/install.sh $@
uninstall: ## remove that again; /etc and /var stay
	@B=$(B) PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' agent/install.sh $@
dist: ## a source archive of the last commit in build/
	@mkdir -p $(O)
	@git archive --prefix=leaseline-$(VERSION)/ HEAD | gzip -9n \
		>$(O)/leaseline-$(VERSION).tar.gz
	@echo $(O)/leaseline-$(VERSION).tar.gz
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 18
.PHONY: install uninstall dist help

.PRECIOUS: $(B)/%.o
.PHONY: all golden golden-update install-links unit
-include $(shell find $(B) -name '*.d' 2>/dev/null)
