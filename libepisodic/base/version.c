/* version.c - the version of the library at run time; the headers carry the one at compile time. */
#include <episodic/version.h>

const char *epi_version(void) {
    return EPI_VERSION_STRING;
}
