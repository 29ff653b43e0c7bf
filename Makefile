# make		builds; configures first if needed
# make run	three nodes whose checks go down and come back, to look at
# make regress	all tests; with CC= or SAN= for that kind of build only
#
# For GNU make and BSD make.  CC, SAN, CFLAGS and LDFLAGS reach configure by the
# environment; it starts anew if they are not what it was run with.

DIRS =		common quptimed quptimectl

all: config
	@for d in ${DIRS}; do (cd $$d && ${MAKE} all) || exit 1; done

# Headers each object was made from, also if the last build was cut short.
config:
	@./configure --auto
	@for d in ${DIRS} regress/unit; do \
		cat $$d/*.d >$$d/depend.mk 2>/dev/null || :; \
	done

run:
	@regress/deps build
	@${MAKE} all
	@if [ -n "$$ARGS" ]; then \
		eval "exec quptimed/quptimed $$ARGS"; \
	fi; \
	exec etc/demo

regress:
	@regress/deps regress
	@regress/run

# All tests, of the build that stands here.
leg: all
	@cd regress/unit && ${MAKE} all
	@regress/leg

# The model of protocol 2, alone.
model: config
	@regress/deps regress
	@prove --timer -v -e "regress/each sh" regress/model/model.t

# The simulator of protocol 2: SEEDS of them, 20000 if not said.
sim: all
	@cd regress/sim && ${MAKE} -s sim
	@regress/sim/sim -n "$${SEEDS:-20000}"

fuzz:
	@regress/deps regress
	@regress/fuzz/run

bench: all
	@regress/bench/run
	@regress/bench/mix
	@regress/bench/mesh
	@regress/bench/failover

lint:
	@regress/deps lint
	@${MAKE} config
	@regress/lint

install: all
	@for d in quptimed quptimectl man etc; do \
		(cd $$d && ${MAKE} install) || exit 1; \
	done

uninstall: config
	@for d in quptimed quptimectl man etc; do \
		(cd $$d && ${MAKE} uninstall) || exit 1; \
	done

clean: config
	@for d in ${DIRS} regress/unit regress/fuzz regress/bench \
	    regress/sim; do \
		(cd $$d && ${MAKE} clean) || exit 1; \
	done
	rm -rf legs

distclean: clean
	rm -rf run
	rm -f config.h config.mk config.log

.PHONY: all bench clean config distclean fuzz install leg lint model regress \
	run sim uninstall
