/* yajl 2: the callback parser and the generator. */

#include <stddef.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

int
main(void)
{
	static const yajl_callbacks	 cb;
	yajl_handle			 h;
	yajl_gen			 g;

	h = yajl_alloc(&cb, NULL, NULL);
	g = yajl_gen_alloc(NULL);
	if (yajl_complete_parse(h) != yajl_status_ok ||
	    yajl_gen_null(g) != yajl_gen_status_ok)
		return (1);
	yajl_free(h);
	yajl_gen_free(g);
	return (0);
}
