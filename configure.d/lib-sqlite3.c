#include <sqlite3.h>
#include <stddef.h>

int
main(void)
{
	sqlite3	*db;

	if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
		return (1);
	return (sqlite3_close_v2(db) != SQLITE_OK);
}
