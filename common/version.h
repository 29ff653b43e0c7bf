/* Public domain. */

#ifndef VERSION_H
#define VERSION_H

/* The same as the newest entry of CHANGELOG.md; regress checks that. */
#define QUPTIMED_VERSION	"0.4.0"

#endif /* VERSION_H */
