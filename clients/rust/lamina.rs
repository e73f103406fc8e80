//! Lamina from Rust: models of Keras' files, over the C interface (lamina/c_api.h).
//!
//! Handles are owned values that free themselves; errors are `Result`s with the library's text. A `Tensor` may be shared
//! between threads, and so may a `Model` while it is only read: what changes it takes `&mut self`.

use std::ffi::{c_char, c_void, CStr, CString};
use std::fmt;
use std::ptr::{null, null_mut};

mod sys {
    use super::*;
    #[repr(C)]
    pub struct Tensor([u8; 0]);
    #[repr(C)]
    pub struct Model([u8; 0]);
    #[repr(C)]
    pub struct Logs([u8; 0]);
    #[repr(C)]
    pub struct Info {
        pub name: *const c_char,
        pub dtype: i32,
        pub rank: usize,
        pub sizes: *const i64,
    }
    pub type OnEpoch = extern "C" fn(*mut c_void, i64, *const Logs) -> i32;

    #[link(name = "lamina")]
    extern "C" {
        pub fn lamina_version() -> *const c_char;
        pub fn lamina_last_error() -> *const c_char;
        pub fn lamina_status_name(status: i32) -> *const c_char;
        pub fn lamina_free(text: *mut c_void);
        pub fn lamina_set_seed(seed: i64) -> i32;
        pub fn lamina_set_engine(name: *const c_char) -> i32;
        pub fn lamina_set_threads(count: i64) -> i32;
        pub fn lamina_tensor_create(
            dtype: i32,
            sizes: *const i64,
            rank: usize,
            data: *const c_void,
            bytes: usize,
            out: *mut *mut Tensor,
        ) -> i32;
        pub fn lamina_tensor_free(tensor: *mut Tensor);
        pub fn lamina_tensor_dtype(tensor: *const Tensor) -> i32;
        pub fn lamina_tensor_rank(tensor: *const Tensor) -> usize;
        pub fn lamina_tensor_sizes(tensor: *const Tensor) -> *const i64;
        pub fn lamina_tensor_elements(tensor: *const Tensor) -> i64;
        pub fn lamina_tensor_data(tensor: *const Tensor) -> *const c_void;
        pub fn lamina_model_load(path: *const c_char, compile: i32, out: *mut *mut Model) -> i32;
        pub fn lamina_model_load_from_memory(data: *const c_void, bytes: usize, compile: i32, out: *mut *mut Model) -> i32;
        pub fn lamina_model_from_json(json: *const c_char, out: *mut *mut Model) -> i32;
        pub fn lamina_model_free(model: *mut Model);
        pub fn lamina_model_save(model: *const Model, path: *const c_char, overwrite: i32) -> i32;
        pub fn lamina_model_summary(model: *const Model, out: *mut *mut c_char) -> i32;
        pub fn lamina_model_input_count(model: *const Model) -> usize;
        pub fn lamina_model_output_count(model: *const Model) -> usize;
        pub fn lamina_model_input_info(model: *const Model, input: usize, info: *mut Info) -> i32;
        pub fn lamina_model_output_info(model: *const Model, output: usize, info: *mut Info) -> i32;
        pub fn lamina_model_predict(
            model: *mut Model,
            inputs: *const *const Tensor,
            input_count: usize,
            batch_size: i64,
            outputs: *mut *mut Tensor,
            output_count: usize,
        ) -> i32;
        pub fn lamina_model_compile(model: *mut Model, arguments: *const c_char) -> i32;
        pub fn lamina_model_train_on_batch(
            model: *mut Model,
            inputs: *const *const Tensor,
            input_count: usize,
            targets: *const *const Tensor,
            target_count: usize,
            sample_weight: *const Tensor,
            logs: *mut *mut Logs,
        ) -> i32;
        pub fn lamina_model_fit(
            model: *mut Model,
            inputs: *const *const Tensor,
            input_count: usize,
            targets: *const *const Tensor,
            target_count: usize,
            arguments: *const c_char,
            on_epoch: Option<OnEpoch>,
            context: *mut c_void,
            logs: *mut *mut Logs,
        ) -> i32;
        pub fn lamina_model_evaluate(
            model: *mut Model,
            inputs: *const *const Tensor,
            input_count: usize,
            targets: *const *const Tensor,
            target_count: usize,
            batch_size: i64,
            logs: *mut *mut Logs,
        ) -> i32;
        pub fn lamina_logs_count(logs: *const Logs) -> usize;
        pub fn lamina_logs_name(logs: *const Logs, entry: usize) -> *const c_char;
        pub fn lamina_logs_values(logs: *const Logs, entry: usize, count: *mut usize) -> *const f64;
        pub fn lamina_logs_free(logs: *mut Logs);
        pub fn lamina_op(
            name: *const c_char,
            inputs: *const *const Tensor,
            input_count: usize,
            arguments: *const c_char,
            outputs: *mut *mut Tensor,
            capacity: usize,
            output_count: *mut usize,
        ) -> i32;
    }
}

/// What the library says went wrong: its kind ("value", "io", ...) and text.
#[derive(Debug, Clone)]
pub struct Error {
    pub kind: String,
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} error: {}", self.kind, self.message)
    }
}
impl std::error::Error for Error {}
pub type Result<T> = std::result::Result<T, Error>;

fn text(pointer: *const c_char) -> String {
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

fn check(status: i32) -> Result<()> {
    if status == 0 {
        return Ok(());
    }
    unsafe { Err(Error { kind: text(sys::lamina_status_name(status)), message: text(sys::lamina_last_error()) }) }
}

fn c_text(s: &str) -> Result<CString> {
    CString::new(s).map_err(|_| Error { kind: "value".into(), message: "A text holds a zero byte.".into() })
}

/// The library's version.
pub fn version() -> String {
    text(unsafe { sys::lamina_version() })
}
/// The seed that all others are derived from.
pub fn set_seed(seed: i64) -> Result<()> {
    check(unsafe { sys::lamina_set_seed(seed) })
}
/// "graph" or "eager".
pub fn set_engine(name: &str) -> Result<()> {
    let name = c_text(name)?;
    check(unsafe { sys::lamina_set_engine(name.as_ptr()) })
}
/// Threads that work on one call; 0 for one per core.
pub fn set_threads(count: i64) -> Result<()> {
    check(unsafe { sys::lamina_set_threads(count) })
}

/// Types of Rust that tensors hold.
pub trait Element: Copy {
    const DTYPE: i32;
}
macro_rules! element {
    ($($rust:ty => $number:expr),*) => { $(impl Element for $rust { const DTYPE: i32 = $number; })* };
}
element!(u8 => 1, u16 => 2, u32 => 3, u64 => 4, i8 => 5, i16 => 6, i32 => 7, i64 => 8, f32 => 11, f64 => 12);

/// An immutable array.
pub struct Tensor(*mut sys::Tensor);
unsafe impl Send for Tensor {}
unsafe impl Sync for Tensor {}
impl Drop for Tensor {
    fn drop(&mut self) {
        unsafe { sys::lamina_tensor_free(self.0) }
    }
}

impl Tensor {
    /// Of row-major values, which are copied. A value error if the sizes ask for another number of them.
    pub fn new<T: Element>(values: &[T], sizes: &[i64]) -> Result<Tensor> {
        let mut out = null_mut();
        check(unsafe {
            sys::lamina_tensor_create(
                T::DTYPE,
                sizes.as_ptr(),
                sizes.len(),
                values.as_ptr().cast(),
                std::mem::size_of_val(values),
                &mut out,
            )
        })?;
        Ok(Tensor(out))
    }
    pub fn sizes(&self) -> &[i64] {
        unsafe {
            let rank = sys::lamina_tensor_rank(self.0);
            if rank == 0 {
                return &[];
            }
            std::slice::from_raw_parts(sys::lamina_tensor_sizes(self.0), rank)
        }
    }
    /// The values; a type error if they are of another type.
    pub fn values<T: Element>(&self) -> Result<&[T]> {
        unsafe {
            let dtype = sys::lamina_tensor_dtype(self.0);
            if dtype != T::DTYPE {
                let message = format!("The tensor holds dtype {}, asked for {}.", dtype, T::DTYPE);
                return Err(Error { kind: "type".into(), message });
            }
            let count = sys::lamina_tensor_elements(self.0) as usize;
            if count == 0 {
                return Ok(&[]);
            }
            Ok(std::slice::from_raw_parts(sys::lamina_tensor_data(self.0).cast(), count))
        }
    }
}

fn handles(tensors: &[&Tensor]) -> Vec<*const sys::Tensor> {
    tensors.iter().map(|t| t.0 as *const _).collect()
}

/// A function of keras.ops by its name, with further arguments as JSON ("" for none); its results, at most 16.
pub fn op(name: &str, inputs: &[&Tensor], arguments: &str) -> Result<Vec<Tensor>> {
    let (name, json, given) = (c_text(name)?, c_text(arguments)?, handles(inputs));
    let arguments = if arguments.is_empty() { null() } else { json.as_ptr() };
    let (mut found, mut count) = ([null_mut(); 16], 0usize);
    check(unsafe {
        sys::lamina_op(name.as_ptr(), given.as_ptr(), given.len(), arguments, found.as_mut_ptr(), 16, &mut count)
    })?;
    Ok(found[..count].iter().map(|&t| Tensor(t)).collect())
}

/// What an input or output is; a size of -1 is decided by the call.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorInfo {
    pub name: String,
    pub dtype: i32,
    pub sizes: Vec<i64>,
}

fn told(info: sys::Info) -> TensorInfo {
    let sizes = if info.rank == 0 { &[][..] } else { unsafe { std::slice::from_raw_parts(info.sizes, info.rank) } };
    TensorInfo { name: text(info.name), dtype: info.dtype, sizes: sizes.to_vec() }
}

/// Losses and metrics by name: one value, or one per epoch.
pub type Logs = Vec<(String, Vec<f64>)>;

fn logs_of(handle: *const sys::Logs) -> Logs {
    unsafe {
        (0..sys::lamina_logs_count(handle))
            .map(|i| {
                let mut count = 0usize;
                let values = sys::lamina_logs_values(handle, i, &mut count);
                let values = if count == 0 { &[][..] } else { std::slice::from_raw_parts(values, count) };
                (text(sys::lamina_logs_name(handle, i)), values.to_vec())
            })
            .collect()
    }
}

fn taken(handle: *mut sys::Logs) -> Logs {
    let out = logs_of(handle);
    unsafe { sys::lamina_logs_free(handle) };
    out
}

/// A model. Predictions may run in several threads at once.
pub struct Model(*mut sys::Model);
unsafe impl Send for Model {}
unsafe impl Sync for Model {}
impl Drop for Model {
    fn drop(&mut self) {
        unsafe { sys::lamina_model_free(self.0) }
    }
}

type OnEpoch<'a> = &'a mut dyn FnMut(i64, &Logs) -> bool;

extern "C" fn on_epoch(context: *mut c_void, epoch: i64, logs: *const sys::Logs) -> i32 {
    let called = unsafe { &mut *(context as *mut OnEpoch) };
    // A panic must not pass through C.
    let go_on = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| called(epoch, &logs_of(logs))));
    i32::from(!go_on.unwrap_or(false))
}

impl Model {
    /// A .keras or .h5 file; with `compile` it can go on training.
    pub fn load(path: &str, compile: bool) -> Result<Model> {
        let (path, mut out) = (c_text(path)?, null_mut());
        check(unsafe { sys::lamina_model_load(path.as_ptr(), compile.into(), &mut out) })?;
        Ok(Model(out))
    }
    /// The bytes of such a file.
    pub fn from_bytes(bytes: &[u8], compile: bool) -> Result<Model> {
        let mut out = null_mut();
        check(unsafe {
            sys::lamina_model_load_from_memory(bytes.as_ptr().cast(), bytes.len(), compile.into(), &mut out)
        })?;
        Ok(Model(out))
    }
    /// With fresh weights, from what Keras' to_json() writes.
    pub fn from_json(json: &str) -> Result<Model> {
        let (json, mut out) = (c_text(json)?, null_mut());
        check(unsafe { sys::lamina_model_from_json(json.as_ptr(), &mut out) })?;
        Ok(Model(out))
    }
    pub fn save(&self, path: &str, overwrite: bool) -> Result<()> {
        let path = c_text(path)?;
        check(unsafe { sys::lamina_model_save(self.0, path.as_ptr(), overwrite.into()) })
    }
    pub fn summary(&self) -> Result<String> {
        let mut out = null_mut();
        check(unsafe { sys::lamina_model_summary(self.0, &mut out) })?;
        let found = text(out);
        unsafe { sys::lamina_free(out.cast()) };
        Ok(found)
    }
    pub fn inputs(&self) -> Result<Vec<TensorInfo>> {
        self.ends(unsafe { sys::lamina_model_input_count(self.0) }, sys::lamina_model_input_info)
    }
    pub fn outputs(&self) -> Result<Vec<TensorInfo>> {
        self.ends(unsafe { sys::lamina_model_output_count(self.0) }, sys::lamina_model_output_info)
    }
    fn ends(
        &self,
        count: usize,
        tell: unsafe extern "C" fn(*const sys::Model, usize, *mut sys::Info) -> i32,
    ) -> Result<Vec<TensorInfo>> {
        (0..count)
            .map(|i| {
                let mut info = sys::Info { name: null(), dtype: 0, rank: 0, sizes: null() };
                check(unsafe { tell(self.0, i, &mut info) }).map(|_| told(info))
            })
            .collect()
    }
    /// Predictions for samples on the first axis: all together where batch_size is 0, else so many at a time.
    pub fn predict(&self, inputs: &[&Tensor], batch_size: i64) -> Result<Vec<Tensor>> {
        let given = handles(inputs);
        let mut out = vec![null_mut(); unsafe { sys::lamina_model_output_count(self.0) }];
        check(unsafe {
            sys::lamina_model_predict(self.0, given.as_ptr(), given.len(), batch_size, out.as_mut_ptr(), out.len())
        })?;
        Ok(out.into_iter().map(Tensor).collect())
    }
    /// Keras' compile() with its arguments as JSON.
    pub fn compile(&mut self, arguments: &str) -> Result<()> {
        let arguments = c_text(arguments)?;
        check(unsafe { sys::lamina_model_compile(self.0, arguments.as_ptr()) })
    }
    /// One step on a batch.
    pub fn train_on_batch(&mut self, inputs: &[&Tensor], targets: &[&Tensor]) -> Result<Logs> {
        let (x, y, mut logs) = (handles(inputs), handles(targets), null_mut());
        check(unsafe {
            sys::lamina_model_train_on_batch(self.0, x.as_ptr(), x.len(), y.as_ptr(), y.len(), null(), &mut logs)
        })?;
        Ok(taken(logs))
    }
    /// Keras' fit() with its arguments as JSON ("" for none). `each_epoch` returns whether to go on.
    pub fn fit(
        &mut self,
        inputs: &[&Tensor],
        targets: &[&Tensor],
        arguments: &str,
        each_epoch: Option<&mut dyn FnMut(i64, &Logs) -> bool>,
    ) -> Result<Logs> {
        let (x, y, json, mut logs) = (handles(inputs), handles(targets), c_text(arguments)?, null_mut());
        let arguments = if arguments.is_empty() { null() } else { json.as_ptr() };
        let mut called = each_epoch;
        let (function, context): (Option<sys::OnEpoch>, *mut c_void) = match &mut called {
            Some(f) => (Some(on_epoch), f as *mut _ as *mut c_void),
            None => (None, null_mut()),
        };
        check(unsafe {
            sys::lamina_model_fit(
                self.0, x.as_ptr(), x.len(), y.as_ptr(), y.len(), arguments, function, context, &mut logs,
            )
        })?;
        Ok(taken(logs))
    }
    pub fn evaluate(&mut self, inputs: &[&Tensor], targets: &[&Tensor], batch_size: i64) -> Result<Logs> {
        let (x, y, mut logs) = (handles(inputs), handles(targets), null_mut());
        check(unsafe {
            sys::lamina_model_evaluate(self.0, x.as_ptr(), x.len(), y.as_ptr(), y.len(), batch_size, &mut logs)
        })?;
        Ok(taken(logs))
    }
}
