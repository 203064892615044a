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
# A source archive has its commit in .revision, a checkout in git.
REVISION := $(shell grep -oE '^[0-9a-f]{9}' .revision || \
	git rev-parse --short=9 HEAD 2>/dev/null || echo unknown)
comma   := ,
Q       := $(if $(V),,@)
ifndef LEASELINE_JOBS
export LEASELINE_JOBS := $(shell nproc)
MAKEFLAGS += --no-print-directory -j$(LEASELINE_JOBS)
endif
O       ?= build
B       := $(O)/$(CC)$(if $(SAN),-$(subst $(comma),-,$(SAN)))

# The lists are the map: floor 0, floor 1, floor 2, floor 3, roofs.
BASE      = accept buf child clock conf connections encode exposition file gzip http http_answer http_gate http_route \
            inherit listen listen_unix log loop notify prefix rate tls url utc \
            waker words
LICENSE   = advice agent_report answer calendar check check_formats codec codec_value command command_parse \
            doctor doctor_authority doctor_exporter doctor_host doctor_license doctor_snmp doctor_vendor doctor_view doctor_word documents edges facts fastnetmon fields hardware history history_text json \
            greeting keyring names policy poller range reading report sign status status_machine text text_usage \
            timekeeping traffic usage usage_page verify
KEEPER    = address client disk dropin errands fastnetmon fcli history inspect keeper load machine_key memory meter on_change password \
            platform pulse renew request reporter revocations roots successor time_reset tls_time \
            view watch
EXPORTER  = html page page_card page_line page_style access credentials door families listeners metrics answers password process textfile users web
AGENT     = acks announce config config_check config_exporter config_files config_refuse consult control control_change doctor execute execute_check mib mib_objects \
            look_exporter look_host look_network look_socket notices once poll_user scrape snmp socket subtree tester waiters \
            master session transport
FCLI      = manager talk
AUTHORITY = admin admit arguments branch certificate certify collector \
            database decide event explain find forwarded gate grant init \
            inspect issue key key_revoke key_state keys limit offline \
            offline_command offlines output policy_command records reports \
            route schema serve signer signers sqlite stats_list tell tally \
            time_reset trial trials \
            weigh writer

SOURCES = $(BASE:%=license/base/%.c) $(LICENSE:%=license/%.c) \
          $(KEEPER:%=license/keeper/%.c) $(EXPORTER:%=exporter/%.c) $(FCLI:%=license/fcli/%.c) \
          $(AGENT:%=agent/%.c) $(AUTHORITY:%=license/authority/%.c)
HAVE    = $(wildcard $(SOURCES))

# One line per library, and who links it.
LIB_HTTP = -lmicrohttpd -lgnutls -lcrypt -lz
LIB_INI  = -linih
LIB_SSL  = -lcrypto
LIB_CURL = -lcurl -lssl
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

all: $(PROGRAMS) $(B)/packs/done $(if $(SAN),,install-links) ## build the programs

install-links: $(PROGRAMS) $(B)/mib-root
	@for p in $^; do ln -sf $(notdir $(B))/$$(basename $$p) \
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
# What knows the root of the MIB is made again when that is another.
$(B)/mib-root: root-is-asked
	@mkdir -p $(@D)
	@echo '$(MIB_ROOT)' | cmp -s - $@ || echo '$(MIB_ROOT)' >$@
$(B)/agent/mib.o $(B)/license/fcli/manager.o: $(B)/mib-root
$(B)/packs/done: agent/packs.sh agent/snmpd-leaseline.conf $(B)/mib-root \
		$(shell find mibs dashboards)
	@agent/packs.sh '$(MIB_ROOT)' $(@D) && touch $@
DEFS_mib  = -DMIB_ROOT='"$(MIB_ROOT)"'
DEFS_manager = $(DEFS_mib)
DEFS_main = -DLEASELINE_REVISION='"$(REVISION)"'
DEFS_execute_check = $(DEFS_main)
DEFS_snmp = -isystem /usr/include
DEFS_session = $(DEFS_snmp)
DEFS_poll_user = $(DEFS_snmp)
DEFS_transport = $(DEFS_snmp)
DEFS_test_transport = $(DEFS_snmp)

deps: ## install what build and run need (Debian packages)
	@tests/deps.sh build run

run: deps ## start an authority, snmpd and the agent on loopback: DETACH=1, PROMETHEUS=1
	@[ -z "$(PROMETHEUS)" ] || tests/deps.sh prometheus
	@$(MAKE) --no-print-directory all
	@PROMETHEUS='$(PROMETHEUS)' tests/integration/run.sh start
stop: ## stop what run started
	@tests/integration/run.sh stop

install: $(PROGRAMS) $(B)/packs/done ## install below PREFIX; DESTDIR= for a package
	@B=$(B) PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' agent/install.sh $@
uninstall: ## remove that again; /etc and /var stay
	@B=$(B) PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' agent/install.sh $@
dist: ## a source archive of the last commit in build/, the same bytes from each clone
	@[ -e .git ] || { echo "dist: an archive is made from a git" \
		"checkout; this is none" >&2; exit 1; }
	@mkdir -p $(O)
	@git archive --prefix=leaseline-$(VERSION)/ -o $(O)/dist.tar HEAD
	@gzip -9n <$(O)/dist.tar >$(O)/leaseline-$(VERSION).tar.gz
	@rm $(O)/dist.tar
	@echo $(O)/leaseline-$(VERSION).tar.gz
deb: ## Debian packages in build/deb/; quick is part of their build
	@tests/deps.sh build deb
	@O=$(O) VERSION=$(VERSION) MIB_ROOT='$(MIB_ROOT)' agent/debian/build.sh
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile tests/tests.mk | \
		expand -t 18
.PHONY: install uninstall dist deb help

include tests/tests.mk

.PRECIOUS: $(B)/%.o
.PHONY: all deps install-links root-is-asked run stop
-include $(shell find $(B) -name '*.d' 2>/dev/null)
