/* libyaml's event parser. */

#include <yaml.h>

int
main(void)
{
	yaml_parser_t	 p;
	yaml_event_t	 e;

	if (yaml_parser_initialize(&p) == 0 || yaml_parser_parse(&p, &e) == 0)
		return (1);
	yaml_event_delete(&e);
	yaml_parser_delete(&p);
	return (0);
}
