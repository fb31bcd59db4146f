// haemnet.rs - libhaemnet from Rust, without crates: the C declarations, a safe wrapper, and a main that uses it.
//
//   rustc --edition 2021 -O haemnet.rs -L native=$(pkg-config --variable=libdir haemnet) -o haemnet-rust && ./haemnet-rust
//
// Compiles with rustc 1.63 (Debian 12) and later. Not bindgen's output: every struct is written by hand and compared, field by field, with
// what the library says of itself (hn_abi_layout) before the first context is made. The thread words of the C headers become traits:
//   any     one immutable or locked object, all threads     Send + Sync   Context, Image, Model, Phantom, Evaluation, Cancel
//   owner   one thread at a time                            Send          Dataset, Predictor, Trainer
// Functions that change something take &mut self, so the compiler keeps to "one at a time". The library keeps alive what a handle needs:
// values may be dropped in any order. A trainer uses its data sets from its own thread, so it owns them until into_data().
#![allow(dead_code)] // a wrapper is more than this main needs

use std::ffi::{c_void, CStr, CString};
use std::fmt;
use std::os::raw::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut, NonNull};

/// What C sees. Nothing here is safe to call without reading the headers.
#[allow(non_camel_case_types)]
pub mod raw {
    use super::*;

    pub type Progress = Option<unsafe extern "C" fn(*mut c_void, *const hn_progress) -> i32>;

    /// The name of a type in hn_abi_layout().
    trait Abi {
        fn name() -> String;
    }
    macro_rules! abi { ($($t:ty = $n:expr),*) => { $(impl Abi for $t { fn name() -> String { $n.into() } })* } }
    abi!(i32 = "i32", u32 = "u32", i64 = "i64", u64 = "u64", f64 = "f64", c_char = "char", Progress = "ptr");
    impl<T> Abi for *const T {
        fn name() -> String {
            "ptr".into()
        }
    }
    impl<T> Abi for *mut T {
        fn name() -> String {
            "ptr".into()
        }
    }
    impl<T: Abi, const N: usize> Abi for [T; N] {
        fn name() -> String {
            format!("{}[{}]", T::name(), N)
        }
    }

    // Defines the structs, all zeros by default (zero means the default everywhere), and layouts(), the text that the library should agree to.
    macro_rules! structs {
        ($(struct $name:ident { $($field:ident : $ty:ty),* $(,)? })*) => {
            $(
                #[repr(C)]
                #[derive(Clone, Copy)]
                pub struct $name { $(pub $field: $ty),* }
                impl Default for $name {
                    fn default() -> Self {
                        unsafe { std::mem::zeroed() } // numbers and nullable pointers only
                    }
                }
            )*
            pub fn layouts() -> Vec<(&'static str, String)> {
                let mut all = Vec::new();
                $({
                    let place = std::mem::MaybeUninit::<$name>::uninit();
                    let base = place.as_ptr();
                    let mut text = format!("struct {} {}\n", stringify!($name), std::mem::size_of::<$name>());
                    $({
                        let offset = unsafe { std::ptr::addr_of!((*base).$field) as usize } - base as usize;
                        let field = stringify!($field).trim_start_matches("r#");
                        text += &format!("field {} {} {} {}\n", field, offset, std::mem::size_of::<$ty>(), <$ty as Abi>::name());
                    })*
                    all.push((stringify!($name), text));
                })*
                all
            }
        };
    }
    structs! {
        struct hn_error { status: i32, domain: i32, code: i64, message: [c_char; 240] }
        struct hn_pixels { struct_size: u32, r#type: i32, width: i32, height: i32, channels: i32, flags: u32, row_stride: i64,
            data: *const c_void, slope: f64, intercept: f64 }
        struct hn_phantom_options { struct_size: u32, patients: i32, size: i32, slices_per_patient: i32, seed: u64, bleed_share: f64 }
        struct hn_phantom_slice_info { struct_size: u32, patient: i32, slice: i32, types: u32, patient_types: u32, lesion_px: i32,
            pixel_spacing_mm: f64, slice_spacing_mm: f64, volume_ml: f64, slice_volume_ml: f64, window_centre: f64, window_width: f64 }
        struct hn_split_options { struct_size: u32, folds: i32, fold: i32, flags: i32, train_ratio: f64, seed: u64 }
        struct hn_model_options { struct_size: u32, width: i32, height: i32, channels: i32, hidden: i32, task: i32, n_classes: i32,
            positive: i32, class_names: *const *const c_char, threshold: f64, windows: *const c_void, n_windows: i32, flags: i32,
            mean: *const f64, deviation: *const f64, seed: u64, slices: i32, crop_head: i32, crop_margin: f64, gaussian: f64,
            median: i32, preproc_flags: i32 }
        struct hn_progress { struct_size: u32, phase: i32, epoch: i64, batch: i64, batches: i64, images: i64, loss: f64, seconds: f64 }
        struct hn_train_options { struct_size: u32, batch: i32, optimizer: i32, nesterov: i32, learning_rate: f64, momentum: f64,
            beta1: f64, beta2: f64, epsilon: f64, weight_decay: f64, seed: u64, class_weights: *const f64, n_class_weights: i32,
            stop: i32, stop_patience: i32, stop_strip: i32, stop_alpha: f64, prefetch: i32, flags: i32, device: *const c_char,
            cancel: *mut hn_cancel, progress: Progress, progress_user: *mut c_void, resident_bytes: u64, schedule: i32, schedule_epochs: i32,
            schedule_multiplier: i32, schedule_patience: i32, schedule_factor: f64, schedule_low: f64, cycle_rise: f64, cycle_start: f64,
            cycle_end: f64, warm_up_epochs: i32, warm_up_steps: i32, warm_up_start: f64, param_groups: *const c_void, n_param_groups: i32,
            decay_weights_only: i32, clip_norm: f64, accumulate: i32, average_test: i32, average: f64, label_smoothing: f64, focal: f64,
            balance_classes: i32, sampler: i32, hard_reach: i32, reserved: i32, hard_factor: f64, augment: *const c_void }
        struct hn_epoch_report { struct_size: u32, flags: u32, epoch: i64, train_loss: f64, train_accuracy: f64, test_loss: f64,
            test_accuracy: f64, learning_rate: f64, seconds: f64, images_per_second: f64, train_images: i64, test_images: i64,
            skipped: i64, best_epoch: i64, best_loss: f64 }
        struct hn_prediction { struct_size: u32, flags: u32, probabilities: *mut f32, logits: *mut f32, capacity: i32, n_classes: i32,
            class_index: i32, status: i32, labels: u64, probability: f64, positive: f64, threshold: f64, novelty: f64 }
        struct hn_metrics { struct_size: u32, undefined: u32, n: i64, skipped: i64, tp: i64, fp: i64, tn: i64, r#fn: i64,
            n_classes: i32, positive: i32, groups_unknown: i32, flags: i32, threshold: f64, accuracy: f64, balanced_accuracy: f64,
            sensitivity: f64, specificity: f64, ppv: f64, npv: f64, f1: f64, mcc: f64, threat_score: f64, roc_auc: f64,
            average_precision: f64, brier: f64, log_loss: f64, macro_precision: f64, macro_recall: f64, macro_f1: f64,
            weighted_precision: f64, weighted_recall: f64, weighted_f1: f64, exact_match: f64 }
    }

    macro_rules! opaque { ($($name:ident)*) => { $(#[repr(C)] pub struct $name { _private: [u8; 0] })* } }
    opaque!(hn_context hn_cancel hn_image hn_phantom hn_dataset hn_model hn_trainer hn_predictor hn_eval);

    type Err = *mut hn_error;
    #[link(name = "haemnet")]
    extern "C" {
        pub fn hn_abi_version() -> u32;
        pub fn hn_abi_layout() -> *const c_char;
        pub fn hn_version_string() -> *const c_char;
        pub fn hn_status_name(status: i32) -> *const c_char;
        pub fn hn_context_create(options: *const c_void, out: *mut *mut hn_context, err: Err) -> i32;
        pub fn hn_context_free(context: *mut hn_context);
        pub fn hn_cancel_create(context: *mut hn_context, out: *mut *mut hn_cancel, err: Err) -> i32;
        pub fn hn_cancel_trigger(cancel: *mut hn_cancel);
        pub fn hn_cancel_free(cancel: *mut hn_cancel);
        pub fn hn_image_decode(context: *mut hn_context, bytes: *const c_void, size: usize, options: *const c_void, out: *mut *mut hn_image,
            err: Err) -> i32;
        pub fn hn_image_wrap(context: *mut hn_context, pixels: *const hn_pixels, out: *mut *mut hn_image, err: Err) -> i32;
        pub fn hn_image_copy_pixels(image: *const hn_image, dst: *mut c_void, cap: usize, need: *mut usize, err: Err) -> i32;
        pub fn hn_image_free(image: *mut hn_image);
        pub fn hn_phantom_create(context: *mut hn_context, options: *const hn_phantom_options, out: *mut *mut hn_phantom, err: Err) -> i32;
        pub fn hn_phantom_count(phantom: *const hn_phantom) -> i64;
        pub fn hn_phantom_render(phantom: *const hn_phantom, index: i64, info: *mut hn_phantom_slice_info, image: *mut *mut hn_image,
            mask: *mut *mut hn_image, err: Err) -> i32;
        pub fn hn_phantom_free(phantom: *mut hn_phantom);
        pub fn hn_dataset_create(context: *mut hn_context, options: *const c_void, out: *mut *mut hn_dataset, err: Err) -> i32;
        pub fn hn_dataset_add_image(dataset: *mut hn_dataset, image: *mut hn_image, label: *const c_char, group: *const c_char, err: Err) -> i32;
        pub fn hn_dataset_split(dataset: *mut hn_dataset, options: *const hn_split_options, train: *mut *mut hn_dataset,
            test: *mut *mut hn_dataset, err: Err) -> i32;
        pub fn hn_dataset_free(dataset: *mut hn_dataset);
        pub fn hn_model_preset(context: *mut hn_context, preset: *const c_char, options: *const hn_model_options, out: *mut *mut hn_model,
            err: Err) -> i32;
        pub fn hn_model_load_memory(context: *mut hn_context, bytes: *const c_void, size: usize, out: *mut *mut hn_model, err: Err) -> i32;
        pub fn hn_model_save_memory(model: *const hn_model, dst: *mut c_void, cap: usize, need: *mut usize, err: Err) -> i32;
        pub fn hn_model_class_name(model: *const hn_model, index: i32) -> *const c_char;
        pub fn hn_model_free(model: *mut hn_model);
        pub fn hn_trainer_create(model: *const hn_model, train: *mut hn_dataset, test: *mut hn_dataset, options: *const hn_train_options,
            out: *mut *mut hn_trainer, err: Err) -> i32;
        pub fn hn_train_epoch(trainer: *mut hn_trainer, report: *mut hn_epoch_report, err: Err) -> i32;
        pub fn hn_trainer_model(trainer: *mut hn_trainer, which: i32, out: *mut *mut hn_model, err: Err) -> i32;
        pub fn hn_trainer_free(trainer: *mut hn_trainer);
        pub fn hn_predictor_create(model: *const hn_model, options: *const c_void, out: *mut *mut hn_predictor, err: Err) -> i32;
        pub fn hn_predict(predictor: *mut hn_predictor, image: *const hn_image, out: *mut hn_prediction, err: Err) -> i32;
        pub fn hn_predictor_free(predictor: *mut hn_predictor);
        pub fn hn_evaluate(predictor: *mut hn_predictor, dataset: *mut hn_dataset, options: *const c_void, out: *mut *mut hn_eval, err: Err) -> i32;
        pub fn hn_eval_metrics(eval: *const hn_eval, threshold: f64, out: *mut hn_metrics, err: Err) -> i32;
        pub fn hn_eval_free(eval: *mut hn_eval);
    }
}
use raw::*;

/// What failed, on what, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    pub status: i32,
    pub name: String,
    pub message: String,
}
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}
impl std::error::Error for Error {}
pub type Result<T> = std::result::Result<T, Error>;

fn text(from: *const c_char) -> String {
    if from.is_null() {
        return String::new();
    }
    unsafe { CStr::from_ptr(from) }.to_string_lossy().into_owned()
}

fn failure(status: i32, message: String) -> Error {
    Error { status, name: text(unsafe { hn_status_name(status) }), message }
}

/// A Rust string for C; a NUL inside is the caller's mistake.
fn c_string(s: &str) -> Result<CString> {
    CString::new(s).map_err(|_| failure(-1, format!("{:?} has a NUL inside", s)))
}

fn call(f: impl FnOnce(*mut hn_error) -> i32) -> Result<()> {
    let mut err = hn_error::default();
    match f(&mut err) {
        0 => Ok(()),
        status => Err(failure(status, text(err.message.as_ptr()))),
    }
}

/// The handle that a function makes; never null on success.
fn make<T>(f: impl FnOnce(*mut *mut T, *mut hn_error) -> i32) -> Result<NonNull<T>> {
    let mut out: *mut T = null_mut();
    call(|err| f(&mut out, err))?;
    NonNull::new(out).ok_or_else(|| failure(-17, "a call succeeded without a handle".into()))
}

/// The bytes of a function that is asked for the size first.
fn sized(f: impl Fn(*mut c_void, usize, *mut usize, *mut hn_error) -> i32) -> Result<Vec<u8>> {
    let mut need = 0;
    call(|err| f(null_mut(), 0, &mut need, err))?;
    let mut bytes = vec![0u8; need];
    call(|err| f(bytes.as_mut_ptr() as *mut c_void, bytes.len(), &mut need, err))?;
    Ok(bytes)
}

const fn size<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}

/// Compares ABI number and structs with the library that is there; names the first difference.
pub fn check_abi() -> Result<()> {
    if unsafe { hn_abi_version() } != 0 {
        return Err(failure(-14, format!("the library has ABI {}, this file is for 0", unsafe { hn_abi_version() })));
    }
    let theirs = text(unsafe { hn_abi_layout() });
    for (name, ours) in layouts() {
        let start = theirs.find(&format!("struct {} ", name)).unwrap_or(theirs.len());
        let block = &theirs[start..];
        let end = block.find("\nstruct ").map_or(block.len(), |at| at + 1);
        if let Some((a, b)) = ours.lines().zip(block[..end].lines()).find(|(a, b)| a != b) {
            return Err(failure(-14, format!("{}: here `{}`, in the library `{}`", name, a, b)));
        }
        if ours.lines().count() != block[..end].lines().count() {
            return Err(failure(-14, format!("{}: here {} lines, in the library {}", name, ours.lines().count(), block[..end].lines().count())));
        }
    }
    Ok(())
}

// A wrapper that owns one handle and frees it once. Raw pointers make it neither Send nor Sync; what the headers allow is given back below.
macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $raw:ident, $free:ident) => {
        $(#[$doc])*
        pub struct $name(NonNull<$raw>);
        impl $name {
            fn ptr(&self) -> *mut $raw {
                self.0.as_ptr()
            }
        }
        impl Drop for $name {
            fn drop(&mut self) {
                unsafe { $free(self.ptr()) }
            }
        }
    };
}
handle!(/** Memory, threads, devices; all else is made from one. */ Context, hn_context, hn_context_free);
handle!(/** A flag that stops long work; trigger from anywhere. */ Cancel, hn_cancel, hn_cancel_free);
handle!(/** Pixels, immutable. */ Image, hn_image, hn_image_free);
handle!(/** Invented patients. */ Phantom, hn_phantom, hn_phantom_free);
handle!(/** Labelled images. */ Dataset, hn_dataset, hn_dataset_free);
handle!(/** A network with weights, immutable. */ Model, hn_model, hn_model_free);
handle!(/** Verdicts of a model; one per thread. */ Predictor, hn_predictor, hn_predictor_free);
handle!(/** Labels and probabilities, immutable. */ Evaluation, hn_eval, hn_eval_free);
handle!(TrainerHandle, hn_trainer, hn_trainer_free);

macro_rules! threads { ($($name:ident: $($word:ident)*;)*) => { $($(unsafe impl $word for $name {})*)* } }
threads! {
    Context: Send Sync;     // `any` for all of its functions
    Cancel: Send Sync;      // `signal`
    Image: Send Sync;       // immutable
    Phantom: Send Sync;     // immutable
    Model: Send Sync;       // immutable
    Evaluation: Send Sync;  // immutable
    Dataset: Send;          // `owner`
    Predictor: Send;        // `owner`
    TrainerHandle: Send;    // `owner`
}

impl Context {
    pub fn new() -> Result<Context> {
        check_abi()?;
        make(|out, err| unsafe { hn_context_create(null(), out, err) }).map(Context)
    }
}

impl Cancel {
    pub fn new(context: &Context) -> Result<Cancel> {
        make(|out, err| unsafe { hn_cancel_create(context.ptr(), out, err) }).map(Cancel)
    }
    pub fn trigger(&self) {
        unsafe { hn_cancel_trigger(self.ptr()) }
    }
}

impl Image {
    /// From the bytes of a PNG, JPEG, BMP or PNM file.
    pub fn decode(context: &Context, bytes: &[u8]) -> Result<Image> {
        make(|out, err| unsafe { hn_image_decode(context.ptr(), bytes.as_ptr() as *const c_void, bytes.len(), null(), out, err) }).map(Image)
    }
    /// From CT values in HU, rows from the top.
    pub fn from_hu(context: &Context, values: &[i16], width: usize, height: usize) -> Result<Image> {
        if width.checked_mul(height) != Some(values.len()) || width > 65535 || height > 65535 {
            return Err(failure(-1, format!("{} values for {} × {} px", values.len(), width, height)));
        }
        let pixels = hn_pixels { struct_size: size::<hn_pixels>(), r#type: 3, width: width as i32, height: height as i32, channels: 1,
            data: values.as_ptr() as *const c_void, ..Default::default() };
        make(|out, err| unsafe { hn_image_wrap(context.ptr(), &pixels, out, err) }).map(Image)
    }
    pub fn bytes(&self) -> Result<Vec<u8>> {
        sized(|dst, cap, need, err| unsafe { hn_image_copy_pixels(self.ptr(), dst, cap, need, err) })
    }
}

impl Phantom {
    pub fn new(context: &Context, patients: i32, slices: i32, px: i32, seed: u64) -> Result<Phantom> {
        let options = hn_phantom_options { struct_size: size::<hn_phantom_options>(), patients, size: px, slices_per_patient: slices, seed,
            ..Default::default() };
        make(|out, err| unsafe { hn_phantom_create(context.ptr(), &options, out, err) }).map(Phantom)
    }
    pub fn count(&self) -> i64 {
        unsafe { hn_phantom_count(self.ptr()) }
    }
    pub fn render(&self, index: i64) -> Result<(hn_phantom_slice_info, Image)> {
        let mut info = hn_phantom_slice_info { struct_size: size::<hn_phantom_slice_info>(), ..Default::default() };
        let image = make(|out, err| unsafe { hn_phantom_render(self.ptr(), index, &mut info, out, null_mut(), err) })?;
        Ok((info, Image(image)))
    }
}

impl Dataset {
    pub fn new(context: &Context) -> Result<Dataset> {
        make(|out, err| unsafe { hn_dataset_create(context.ptr(), null(), out, err) }).map(Dataset)
    }
    pub fn add_image(&mut self, image: &Image, label: &str, group: &str) -> Result<()> {
        let (label, group) = (c_string(label)?, c_string(group)?);
        call(|err| unsafe { hn_dataset_add_image(self.ptr(), image.ptr(), label.as_ptr(), group.as_ptr(), err) })
    }
    /// (train, test); no group is divided.
    pub fn split(&mut self, train_ratio: f64, seed: u64) -> Result<(Dataset, Dataset)> {
        let options = hn_split_options { struct_size: size::<hn_split_options>(), train_ratio, seed, ..Default::default() };
        let mut test = null_mut();
        let train = make(|out, err| unsafe { hn_dataset_split(self.ptr(), &options, out, &mut test, err) }).map(Dataset)?;
        let test = NonNull::new(test).map(Dataset).ok_or_else(|| failure(-17, "a split without a test part".into()))?;
        Ok((train, test))
    }
}

impl Model {
    /// A fresh tinyvgg for square inputs of one channel; `positive` is an index into `classes`.
    pub fn tinyvgg(context: &Context, px: i32, classes: &[&str], positive: usize, seed: u64) -> Result<Model> {
        let names = classes.iter().map(|c| c_string(c)).collect::<Result<Vec<_>>>()?;
        let pointers: Vec<*const c_char> = names.iter().map(|n| n.as_ptr()).collect();
        let options = hn_model_options { struct_size: size::<hn_model_options>(), width: px, height: px, channels: 1,
            n_classes: classes.len() as i32, positive: positive as i32 + 1, class_names: pointers.as_ptr(), seed, ..Default::default() };
        let preset = c_string("tinyvgg")?;
        make(|out, err| unsafe { hn_model_preset(context.ptr(), preset.as_ptr(), &options, out, err) }).map(Model)
    }
    pub fn from_bytes(context: &Context, bytes: &[u8]) -> Result<Model> {
        make(|out, err| unsafe { hn_model_load_memory(context.ptr(), bytes.as_ptr() as *const c_void, bytes.len(), out, err) }).map(Model)
    }
    /// The model file's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        sized(|dst, cap, need, err| unsafe { hn_model_save_memory(self.ptr(), dst, cap, need, err) })
    }
    pub fn class_name(&self, index: i32) -> String {
        text(unsafe { hn_model_class_name(self.ptr(), index) })
    }
}

type Watcher = Box<dyn FnMut(&hn_progress) -> bool + Send>;

/// The caller's closure, at an address that C knows: a raw pointer, because a Box that moves may not have aliases.
struct Watching(*mut Watcher);
impl Drop for Watching {
    fn drop(&mut self) {
        drop(unsafe { Box::from_raw(self.0) })
    }
}

/// Learns, epoch by epoch. Fields are dropped in this order: the handle first, then what it may call or read.
pub struct Trainer {
    handle: TrainerHandle,
    train: Dataset,
    test: Dataset,
    watching: Watching,
}
unsafe impl Send for Trainer {} // `owner`, and all of its parts may move to another thread; a closure is Send by Watcher's own bound

/// C calls this after every batch. A panic must not travel through C: it cancels the epoch instead.
unsafe extern "C" fn watch(user: *mut c_void, progress: *const hn_progress) -> i32 {
    let watcher = &mut *(user as *mut Watcher);
    let go_on = catch_unwind(AssertUnwindSafe(|| watcher(&*progress))).unwrap_or(false);
    i32::from(!go_on)
}

impl Trainer {
    /// `watcher` is told of every batch; false cancels the epoch.
    pub fn new(model: &Model, train: Dataset, test: Dataset, batch: i32, rate: f64, watcher: impl FnMut(&hn_progress) -> bool + Send + 'static)
        -> Result<Trainer> {
        let watching = Watching(Box::into_raw(Box::new(Box::new(watcher))));
        let options = hn_train_options { struct_size: size::<hn_train_options>(), batch, learning_rate: rate, seed: 1, progress: Some(watch),
            progress_user: watching.0 as *mut c_void, ..Default::default() };
        let handle = make(|out, err| unsafe { hn_trainer_create(model.ptr(), train.ptr(), test.ptr(), &options, out, err) })?;
        Ok(Trainer { handle: TrainerHandle(handle), train, test, watching })
    }
    pub fn epoch(&mut self) -> Result<hn_epoch_report> {
        let mut report = hn_epoch_report { struct_size: size::<hn_epoch_report>(), ..Default::default() };
        call(|err| unsafe { hn_train_epoch(self.handle.ptr(), &mut report, err) })?;
        Ok(report)
    }
    /// The model of the best epoch so far.
    pub fn best(&mut self) -> Result<Model> {
        make(|out, err| unsafe { hn_trainer_model(self.handle.ptr(), 2, out, err) }).map(Model)
    }
    /// Ends the training and gives the data sets back.
    pub fn into_data(self) -> (Dataset, Dataset) {
        let Trainer { handle, train, test, .. } = self;
        drop(handle);
        (train, test)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub class: i32,
    pub probability: f64,
    pub logits: Vec<f32>,
}

impl Predictor {
    pub fn new(model: &Model) -> Result<Predictor> {
        make(|out, err| unsafe { hn_predictor_create(model.ptr(), null(), out, err) }).map(Predictor)
    }
    pub fn predict(&mut self, image: &Image) -> Result<Verdict> {
        let mut logits = vec![0f32; 4096]; // as many classes as a model may have
        let mut out = hn_prediction { struct_size: size::<hn_prediction>(), logits: logits.as_mut_ptr(), capacity: logits.len() as i32,
            ..Default::default() };
        call(|err| unsafe { hn_predict(self.ptr(), image.ptr(), &mut out, err) })?;
        logits.truncate(out.n_classes as usize);
        Ok(Verdict { class: out.class_index, probability: out.probability, logits })
    }
    pub fn evaluate(&mut self, data: &mut Dataset) -> Result<Evaluation> {
        make(|out, err| unsafe { hn_evaluate(self.ptr(), data.ptr(), null(), out, err) }).map(Evaluation)
    }
}

impl Evaluation {
    /// All figures at the evaluation's own threshold; NaN is "not defined".
    pub fn metrics(&self) -> Result<hn_metrics> {
        let mut metrics = hn_metrics { struct_size: size::<hn_metrics>(), ..Default::default() };
        call(|err| unsafe { hn_eval_metrics(self.ptr(), 0.0, &mut metrics, err) })?;
        Ok(metrics)
    }
}

/// Invented patients → data set → a few epochs → the model's bytes and back → two threads agree on a slice.
fn run() -> Result<()> {
    let context = Context::new()?;
    println!("libhaemnet {}", text(unsafe { hn_version_string() }));
    let classes = ["haemorrhage", "no_haemorrhage"];
    let phantom = Phantom::new(&context, 24, 2, 64, 1)?;
    let mut data = Dataset::new(&context)?;
    for i in 0..phantom.count() {
        let (info, slice) = phantom.render(i)?;
        data.add_image(&slice, classes[usize::from(info.types == 0)], &format!("patient {}", info.patient))?;
    }
    let (train, test) = data.split(0.75, 1)?;
    let start = Model::tinyvgg(&context, 32, &classes, 0, 1)?;
    let mut trainer = Trainer::new(&start, train, test, 8, 0.003, |_| true)?;
    for _ in 0..4 {
        let r = trainer.epoch()?;
        println!("epoch {}: train loss {:.4}, test loss {:.4}, accuracy {:.3}", r.epoch, r.train_loss, r.test_loss, r.test_accuracy);
    }
    let bytes = trainer.best()?.to_bytes()?;
    let (_, mut test) = trainer.into_data();
    let model = Model::from_bytes(&context, &bytes)?;
    let metrics = Predictor::new(&model)?.evaluate(&mut test)?.metrics()?;
    println!("{} images: accuracy {:.3}, AUC {:.3}", metrics.n, metrics.accuracy, metrics.roc_auc);

    let (_, slice) = phantom.render(0)?;
    let raw: Vec<i16> = slice.bytes()?.chunks_exact(2).map(|b| i16::from_ne_bytes([b[0], b[1]])).collect();
    let judge = |image: &Image| Predictor::new(&model)?.predict(image);
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| judge(&slice)); // one model, shared; one predictor each
        let second = scope.spawn(|| judge(&Image::from_hu(&context, &raw, 64, 64)?));
        (first.join().unwrap(), second.join().unwrap())
    });
    let (first, second) = (first?, second?);
    assert_eq!(first, second);
    println!("two threads: {} {:.4}", model.class_name(first.class), first.probability);
    match Image::decode(&context, b"no image") {
        Err(error) => println!("as it should be: {}", error.name),
        Ok(_) => unreachable!(),
    }
    Ok(())
}

fn main() {
    if let Err(error) = run() {
        eprintln!("{}", error);
        std::process::exit(1);
    }
}
