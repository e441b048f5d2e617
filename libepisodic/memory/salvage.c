/* salvage.c - see salvage.h. The mirror itself is made in mirror.c. */
#include "salvage.h"

epi_status epi__salvage_next(epi__view *key, epi__view *body, epi__scan *scan, const epi__mirror *mirror) {
    epi_status status = epi__scan_next(key, body, scan);
    if (!epi__salvage_passes(mirror, status)) return status;
    mirror->salvage->records++;
    mirror->salvage->cut = mirror->salvage->cut || !key->data;
    *body = (epi__view){0};
    return key->data ? EPI_OK : EPI_EDONE;
}
