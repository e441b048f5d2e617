/* regions.h - the rough map of a space: cells that rows lie in, and between which cells steps were taken.
 *
 * From it comes how far a goal is by ways that were taken, round the walls: what a search is led by. It is rough, so
 * nothing is ever ruled out by it. Steps count both ways, since it is for what may be joined together.
 *
 * Made with the k-d tree and as long-lived as that; where there would be too many cells, it has none.
 */
#ifndef EPI_IMAGINE_REGIONS_H
#define EPI_IMAGINE_REGIONS_H

#include "traces.h"

#define EPI__REGIONS_MAX 65536u

typedef struct epi__regions {
    size_t size; /* floats of a place */
    double cell;
    uint32_t count;
    epi__map numbers;  /* hash of a cell -> its number, in the order of rows */
    float *middles;    /* count x size: mean of the cell's rows */
    uint32_t *begin;   /* count + 1: where the neighbours of each begin */
    uint32_t *beside;  /* their numbers, ascending */
} epi__regions;

epi_status epi__regions_make(epi__regions *regions, const epi__traces *traces, double cell);
void epi__regions_dispose(epi__regions *regions);

/* Lengths of the ways from each region to the nearest of some places: count doubles, infinite where there is none.
 * NULL in *away: there are no regions, or none of the places is in one. */
epi_status epi__regions_away(double **away, const epi__regions *regions, const float *places, size_t place_count);
/* The length of the way from a place, over its region's neighbours; infinite where nothing is known. */
double epi__regions_way(const epi__regions *regions, const double *away, const float *place);

#endif
