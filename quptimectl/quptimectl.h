/*
 * Copyright (c) 2026 The quptimed authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#ifndef QUPTIMECTL_H
#define QUPTIMECTL_H

#include "quptimed.h"

#define EXIT_REFUSED	1	/* or no daemon */
#define EXIT_USAGE	2
#define EXIT_ALARM	3	/* show status: down, or no quorum */

enum action {
	ACT_NONE,
	ACT_INIT,
	ACT_SHOW_STATUS,
	ACT_SHOW_CHECKS,
	ACT_SHOW_ALERTS,
	ACT_SHOW_PEERS,
	ACT_SHOW_RESOLVERS,
	ACT_SHOW_SANDBOX,
	ACT_SHOW_TOKENS,
	ACT_SHOW_TRUST,
	ACT_SHOW_VERSION,
	ACT_EXPORT,
	ACT_APPLY,
	ACT_ADD,
	ACT_EDIT,
	ACT_REMOVE,
	ACT_ENABLE,
	ACT_DISABLE,
	ACT_DEFAULT,
	ACT_ALERT_TEST,
	ACT_CHECK_TEST,
	ACT_TRUST_REMOVE,
	ACT_RESOLVERS_SET,
	ACT_RESOLVERS_CLEAR,
	ACT_UPGRADE,
	ACT_ENROLL_CREATE,
	ACT_ENROLL_APPROVE,
	ACT_ENROLL_REVOKE,
	ACT_JOIN,
	ACT_MONITOR,
	ACT_RELOAD,
	ACT_LOG_BRIEF,
	ACT_LOG_VERBOSE
};

/* One --flag of the command line, resolved to a field where it is known. */
struct setting {
	const char		*flag;
	const struct field	*field;
	char			*value;
};

#define SETTINGS_MAX	64

/* Flags of commands that are about no record. */
struct enroll_args {
	char		*name;
	int64_t		 ttl;		/* ns; 0: the daemon's default */
	int		 auto_approve;
};

struct join_args {
	char		*advertise;	/* NULL: as node.yaml has it */
	int		 yes;		/* QUptime asks without; nothing here */
};

struct export_args {
	int		 secrets;	/* as they are, not as "***" */
};

struct test_args {
	char		*state;		/* NULL: down */
};

extern const struct record	 enroll_args_record;
extern const struct record	 join_args_record;
extern const struct record	 export_args_record;
extern const struct record	 test_args_record;

struct parse_result {
	enum action		 action;
	const struct record	*rec;		/* whose flags they are */
	enum ctl_object		 object;
	const char		*type;		/* http, webhook, ... */
	const char		*name;
	const char		*target;
	struct setting		 settings[SETTINGS_MAX];
	size_t			 nsettings;
	int			 json;
	int			 dry;		/* -n: show, change nothing */
};

/*
 * The command line after the options.  0, or -1 with one line on standard
 * error.
 */
int	 parse(int, char **, struct parse_result *);
/*
 * Resolves the settings against the fields of that type of object, and tries
 * each value.  0, or -1 with one line on standard error.
 */
int	 parse_settings(struct parse_result *, const char *type);
/* One more setting made by the command itself; the value is copied. */
int	 parse_add(struct parse_result *, const char *yaml, const char *value);
/* What the type of object that is added has by default; 0 or -1 as above. */
int	 parse_defaults(struct parse_result *);
/* Sets them, which have been tried, in the record that they are flags of. */
void	 parse_into(const struct parse_result *, void *);
void	 parse_free(struct parse_result *);

/* What the kernel says of one process; -1 and "" where it will not tell. */
struct procinfo {
	const char	*name;
	int		 pid;
	long		 uid;
	long		 gid;
	long		 seccomp;
	long		 no_new_privs;
	long		 fds;
	char		 caps[20];
	char		 root[256];
};

void	 procinfo_read(enum proc_id, int pid, struct procinfo *);

/* One field that apply changes, or a whole record. */
enum change_op {
	CHANGE_ADD,
	CHANGE_REMOVE,
	CHANGE_EDIT
};

struct change_row {
	enum change_op	 op;
	const char	*object;	/* check or alert */
	const char	*name;
	const char	*type;		/* of what is added or removed */
	const char	*field;		/* CHANGE_EDIT: as files call it */
	const char	*from;
	const char	*to;
};

/*
 * How rows are shown: one table for text, one for JSON.  A member that is NULL
 * is not printed.
 */
struct output {
	void	(*head)(const struct parse_result *);
	void	(*status)(const struct status *);
	void	(*peer)(const struct peer_status *);
	void	(*check)(const struct check_status *);
	void	(*check_conf)(const struct check *);
	void	(*result_of)(const struct node_result *);
	void	(*alert)(const struct alert *);
	void	(*token)(const struct token_status *);
	void	(*trust)(const struct trust_entry *);
	void	(*resolver)(const char *);
	void	(*event)(const struct event_row *);
	void	(*progress)(const char *);
	void	(*proc)(const struct procinfo *);
	void	(*version)(const char *);
	void	(*change)(const struct change_row *);
	void	(*setup)(const struct record *, const void *);
	void	(*result)(const struct parse_result *, uint64_t version,
		    const char *text);
	/* 0, or -1 when the output could not be written. */
	int	(*tail)(void);
};

extern const struct output	 text_output;
extern const struct output	 json_output;

/* quptimectl.c: the daemon's side of the control socket */
void	 ctl_request(struct imsgbuf *, enum action,
	    const struct parse_result *);
/* A structure and what follows it. */
void	 ctl_send(struct imsgbuf *, uint32_t type, const void *, size_t,
	    const struct ibuf *);
/* Shows rows until the result, whose code becomes the exit code. */
int	 ctl_answer(struct imsgbuf *, const struct parse_result *,
	    const struct output *);

/* apply.c: the rules for an alert whose secrets may be masked. */
int	 alert_masked_check(const void *, struct verr *);
/* Checks and alerts as a file.  The exit code. */
int	 apply_export(struct imsgbuf *, const struct parse_result *,
	    const struct output *);
int	 apply_file(struct imsgbuf *, const struct parse_result *,
	    const struct output *);

#endif /* QUPTIMECTL_H */
