/* A compiler for C11. */

int
main(void)
{
	_Static_assert(sizeof(long long) == 8, "C11");
	return (0);
}
