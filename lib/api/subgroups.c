/* subgroups.c - the exported functions of subgroups.h: they check, call lib/eval, hand out. No numerics here. */
#include <string.h>

#include "../base/status.h"
#include "../eval/eval.h" /* defines: hn_eval */
#include "../eval/subgroups.h"
#include "structs.h" /* defines: HNI_CHECK, hni_take, hni_give */

static hn_status take_options(const hn_eval *eval, const hn_subgroup_options *options, hn_subgroup_options *o, hn_error *err) {
    static const char *const f = "hn_subgroups_create";
    hn_status status = options ? HNI_CHECK(options, hn_subgroup_options, err) : HN_OK;
    if (status) {
        return status;
    }
    hni_take(o, sizeof *o, options);
    o->correction = o->correction ? o->correction : HN_CORRECT_HOLM;
    o->most_values = o->most_values ? o->most_values : 8;
    o->bands = o->bands ? o->bands : 4;
    if (!hni_correction_name(o->correction)) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: correction %d is none of HN_CORRECT_…", f, (int)o->correction);
    }
    if (o->most_values < 1 || o->most_values > 64 || o->bands < 2 || o->bands > 20) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: most_values %d, bands %d; must be 1 to 64 and 2 to 20, or 0 for 8 and 4", f, (int)o->most_values,
                        (int)o->bands);
    }
    if (!(o->threshold >= 0 && o->threshold < 1) || !(o->level >= 0 && o->level < 1)) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: threshold %g and level %g must be above 0 and below 1, or 0 for the evaluation's own and 0.95", f,
                        o->threshold, o->level);
    }
    o->threshold = o->threshold > 0 ? o->threshold : eval->threshold;
    o->level = o->level > 0 ? o->level : 0.95;
    return HN_OK;
}

hn_status hn_subgroups_create(const hn_eval *eval, const hn_subgroup_column *columns, int32_t n_columns, const hn_subgroup_options *options,
                              hn_subgroups **out, hn_error *err) {
    static const char *const f = "hn_subgroups_create";
    hn_subgroup_options o;
    if (!out) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: out is NULL", f);
    }
    *out = NULL;
    if (!eval || !columns) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: %s is NULL", f, eval ? "columns" : "eval");
    }
    if (n_columns < 1 || n_columns > 64) {
        return hni_fail(err, HN_E_ARGUMENT, "%s: %d columns; must be 1 to 64", f, (int)n_columns);
    }
    for (int32_t c = 0; c < n_columns; c++) {
        if (!columns[c].name || !columns[c].values) {
            return hni_fail(err, HN_E_ARGUMENT, "%s: column %d has no name or no values", f, (int)c);
        }
    }
    const hn_status status = take_options(eval, options, &o, err);
    return status ? status : hni_subgroups_create(eval, columns, n_columns, &o, out, err);
}

int32_t hn_subgroups_count(const hn_subgroups *table) { return table ? table->count : 0; }

int32_t hn_subgroups_comparisons(const hn_subgroups *table) { return table ? table->comparisons : 0; }

hn_status hn_subgroups_get(const hn_subgroups *table, int32_t index, hn_subgroup *out, hn_error *err) {
    if (!table || !out) {
        return hni_fail(err, HN_E_ARGUMENT, "hn_subgroups_get: %s is NULL", table ? "out" : "table");
    }
    const hn_status status = HNI_CHECK(out, hn_subgroup, err);
    if (status) {
        return status;
    }
    if (index < 0 || index >= table->count) {
        return hni_fail(err, HN_E_NOT_FOUND, "hn_subgroups_get: there is no row %d; the table has %d", (int)index, (int)table->count);
    }
    hni_give(out, &table->rows[index], sizeof *table->rows);
    return HN_OK;
}

const char *hn_correction_name(int32_t correction) { return hni_correction_name(correction); }

void hn_subgroups_free(hn_subgroups *table) { hni_subgroups_free(table); }
