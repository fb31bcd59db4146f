/* report.h - evidence as pages for people: one HTML file that needs nothing else, and a model card.
 *
 *   report_page.c     the page, its sections, headline      report_charts.c   training, confusion, curves, scores
 *   report_tables.c   figures, classes, data, provenance    report_gallery.c  single images with heat maps
 *   report_style.c    the style sheet                       model_card.h      model-card.md
 *   report_thresholds.c  thresholds, reliability          report_subgroups.c  for whom it is less good
 *   report_familiar.c    images unlike those of the training */
#ifndef HAEMNET_REPORT_H
#define HAEMNET_REPORT_H

#include "evidence.h"
#include "html.h"

typedef struct section {
    const char *id, *title;
    bool (*there)(const evidence *e); /* NULL = always */
    void (*write)(FILE *out, const evidence *e);
} section;

extern const char *const report_style[]; /* the last is NULL */

/* report_tables.c */
const char *figure_meaning(int figure);   /* in plain words; NULL = not for people */
bool figure_is_share(int figure);         /* shown as per cent */
bool figure_is_shown(const evidence *e, int figure);
void report_figures(FILE *out, const evidence *e);
void report_classes(FILE *out, const evidence *e);
bool has_baselines(const evidence *e);
void report_baselines(FILE *out, const evidence *e);
void report_data(FILE *out, const evidence *e);
void report_provenance(FILE *out, const evidence *e);
void report_limits(FILE *out, const evidence *e);

/* report_charts.c */
bool has_history(const evidence *e);
bool has_curves(const evidence *e);
void report_history(FILE *out, const evidence *e);
void report_confusion(FILE *out, const evidence *e);
void report_curves(FILE *out, const evidence *e);
void report_scores(FILE *out, const evidence *e);

/* report_thresholds.c */
bool has_thresholds(const evidence *e);
void report_thresholds(FILE *out, const evidence *e);
bool has_reliability(const evidence *e);
void report_reliability(FILE *out, const evidence *e);

/* report_subgroups.c */
bool has_subgroups(const evidence *e);
void report_subgroups(FILE *out, const evidence *e);
typedef void (*warn_fn)(void *user, const char *text);
int subgroup_warning(const evidence *e, warn_fn warn, void *user);

/* report_familiar.c; of the model card too */
void report_familiar(FILE *out, const evidence *e);
int familiar_warning(const evidence *e, warn_fn warn, void *user);

/* report_leaks.c */
const char *shortcut_name(int32_t kind); /* for people */
void report_leaks(FILE *out, const evidence *e);
int leak_warning(const evidence *e, warn_fn warn, void *user);

/* report_gallery.c */
void report_gallery(FILE *out, const evidence *e);

/* report_page.c */
/* What a reader must know before any figure, one sentence each; 0 = nothing. */
int report_warnings(const evidence *e, warn_fn warn, void *user);
/* Works it out, writes the page, and into the folder, if there is one, evidence.json, evidence.csv and model-card.md; says where. 0, or an exit code
 * after a message. */
int report_on(const evidence_source *source, const evidence_request *request, const char *folder, const char *page);
void write_page(FILE *out, const evidence *e);
enum { NAME_TEXT = 256 };
const char *report_name(const evidence *e, char name[NAME_TEXT]); /* of the run */

/* model_card.c */
void write_card(FILE *out, const evidence *e);

#endif
