//! The wall: the only file that knows Python. What it offers is described in `sensor/_rust.pyi`.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(target_os = "linux")]
use pyo3::exceptions::PyOSError;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::capture::{self, Input, Opener};
use crate::engine::Output;
use crate::intake::{Fault, Report};
use crate::limits::{Counters, Limits};
use crate::privacy::{Clients, Privacy};
use crate::reading::{self, Plan};
use crate::rows::{self, Captures, Source};
use crate::table::{self, Column};
use crate::tls::registry;

#[pymodule]
mod _rust {
    use super::{Bound, PyModule, PyModuleMethods as _, PyResult};

    #[pymodule_export]
    use super::{
        default_limits, encode_arrow, first_packet_ns, known_counters, no_sessions, registry_name,
        session_columns, Batch, CaptureDamage, FileReport, Reading,
    };
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use super::{keep_net_raw_only, Watched};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("SMALLEST_BUDGET", crate::limits::SMALLEST_BUDGET)?;
        module.add("DEFAULT_BUDGET", crate::limits::DEFAULT_BUDGET)?;
        module.add("ENGINE_VERSION", env!("CARGO_PKG_VERSION"))
    }
}

fn value_error(error: &arrow_schema::ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

#[pyclass(frozen, module = "sensor._rust")]
struct CaptureDamage(Fault);

#[pymethods]
impl CaptureDamage {
    #[getter]
    fn code(&self) -> &'static str {
        self.0.code
    }

    #[getter]
    fn message(&self) -> &str {
        &self.0.message
    }

    #[getter]
    fn offset(&self) -> Option<u64> {
        self.0.offset
    }
}

#[pyclass(frozen, module = "sensor._rust")]
struct FileReport(Report);

#[pymethods]
impl FileReport {
    #[getter]
    fn packets(&self) -> u64 {
        self.0.packets
    }

    #[getter]
    fn sessions(&self) -> u64 {
        self.0.sessions
    }

    #[getter]
    fn first_ns(&self) -> Option<u64> {
        self.0.span_ns.map(|span| span.0)
    }

    #[getter]
    fn last_ns(&self) -> Option<u64> {
        self.0.span_ns.map(|span| span.1)
    }

    #[getter]
    fn damage(&self) -> Vec<CaptureDamage> {
        self.0.faults.iter().cloned().map(CaptureDamage).collect()
    }

    #[getter]
    fn sha256<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.sha256.map(|hash| PyBytes::new(py, &hash))
    }
}

#[cfg(target_os = "linux")]
#[pyclass(frozen, module = "sensor._rust")]
struct Watched(capture::Watched);

#[cfg(target_os = "linux")]
#[pymethods]
impl Watched {
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    fn state(&self) -> &'static str {
        self.0.state
    }

    #[getter]
    fn frames(&self) -> u64 {
        self.0.frames
    }

    #[getter]
    fn drops(&self) -> u64 {
        self.0.drops
    }

    #[getter]
    fn freezes(&self) -> u64 {
        self.0.freezes
    }

    #[getter]
    fn returns(&self) -> u64 {
        self.0.returns
    }
}

#[pyclass(frozen, module = "sensor._rust")]
struct Batch {
    output: Output,
    source: Source,
}

#[pymethods]
impl Batch {
    fn __len__(&self) -> usize {
        self.output.sessions.len()
    }

    fn json<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let text = py.detach(|| rows::json(&self.output.sessions, &self.source));
        PyBytes::new(py, text.as_bytes())
    }

    fn arrow<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py
            .detach(|| rows::arrow(&self.output.sessions, &self.source))
            .map_err(|error| value_error(&error))?;
        Ok(PyBytes::new(py, &bytes))
    }

    #[getter]
    fn certificates<'py>(
        &self,
        py: Python<'py>,
    ) -> Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let certificates = self.output.certificates.iter();
        certificates
            .map(|new| (PyBytes::new(py, &new.sha256), PyBytes::new(py, &new.der)))
            .collect()
    }
}

#[pyclass(frozen, module = "sensor._rust")]
struct Reading {
    /// Readers are not to be shared between threads; Python shares everything.
    inner: Mutex<reading::Reading>,
    source: Source,
    #[cfg(target_os = "linux")]
    stop: capture::Stop,
}

impl Reading {
    fn of(reading: reading::Reading, sensor: &str, captures: Captures) -> Self {
        Self {
            inner: Mutex::new(reading),
            source: Source {
                sensor: sensor.to_owned(),
                captures,
            },
            #[cfg(target_os = "linux")]
            stop: capture::Stop::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, reading::Reading> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Reading {
    #[new]
    #[allow(clippy::too_many_arguments, reason = "they have names in Python")]
    #[pyo3(signature = (path, *, name, sensor = "", sha256 = false, limits = None, memory = None, workers = 1, mapped = false))]
    fn new(
        path: Option<PathBuf>,
        name: String,
        sensor: &str,
        sha256: bool,
        limits: Option<HashMap<String, usize>>,
        memory: Option<usize>,
        workers: usize,
        mapped: bool,
    ) -> PyResult<Self> {
        let plan = plan(sensor, sha256, limits, memory, workers)?;
        let input = match path {
            Some(path) => open(&path, mapped)?,
            None => Input::Stream(Box::new(std::io::stdin())),
        };
        let reading = reading::Reading::new(input, &plan);
        Ok(Self::of(reading, sensor, Captures::one(name)))
    }

    #[staticmethod]
    #[pyo3(signature = (files, *, sensor = "", sha256 = false, limits = None, memory = None, workers = 1, mapped = false))]
    fn joined(
        files: Vec<(PathBuf, String)>,
        sensor: &str,
        sha256: bool,
        limits: Option<HashMap<String, usize>>,
        memory: Option<usize>,
        workers: usize,
        mapped: bool,
    ) -> PyResult<Self> {
        let plan = plan(sensor, sha256, limits, memory, workers)?;
        let (paths, names): (Vec<_>, Vec<_>) = files.into_iter().unzip();
        let opener = |path: PathBuf| -> Opener { Box::new(move || open(&path, mapped)) };
        let openers = paths.into_iter().map(opener).collect();
        let reading = reading::Reading::joined(openers, &plan);
        Ok(Self::of(reading, sensor, Captures::joined(names.into())))
    }

    #[cfg(target_os = "linux")]
    #[staticmethod]
    #[allow(
        clippy::too_many_arguments,
        clippy::needless_pass_by_value,
        reason = "they have names in Python, and come out of its objects"
    )]
    #[pyo3(signature = (interfaces, *, program, kept_bits, excluded, sensor = "", limits = None, memory = None,
        workers = 1, ring_bytes = None, promiscuous = true, clients = "keep", key = None))]
    fn live(
        interfaces: Vec<String>,
        program: Vec<(u16, u8, u8, u32)>,
        kept_bits: (u8, u8),
        excluded: Vec<([u8; 16], u8)>,
        sensor: &str,
        limits: Option<HashMap<String, usize>>,
        memory: Option<usize>,
        workers: usize,
        ring_bytes: Option<usize>,
        promiscuous: bool,
        clients: &str,
        key: Option<[u8; 32]>,
    ) -> PyResult<Self> {
        let mut plan = plan(sensor, false, limits, memory, workers)?;
        plan.privacy = Privacy {
            clients: match clients {
                "keep" => Clients::Keep,
                "truncate" => Clients::Truncate {
                    v4: kept_bits.0,
                    v6: kept_bits.1,
                },
                "hash" => Clients::Hash,
                _ => return Err(PyValueError::new_err("clients: keep, truncate or hash")),
            },
            key: key.unwrap_or_default(),
            excluded,
        };
        let defaults = capture::Settings::default();
        let settings = capture::Settings {
            ring_bytes: ring_bytes.unwrap_or(defaults.ring_bytes),
            promiscuous,
            filter: program,
            ..defaults
        };
        let stop = capture::Stop::default();
        let live = capture::Live::open(&interfaces, settings, stop.clone());
        let live = live.map_err(|(name, error)| {
            let reason = error.to_string();
            let words = reason.split(" (os error").next().unwrap_or_default();
            PyOSError::new_err((error.raw_os_error(), words.to_owned(), name))
        })?;
        Ok(Self {
            stop,
            ..Self::of(
                reading::Reading::live(live, &plan),
                sensor,
                Captures::default(),
            )
        })
    }

    #[cfg(target_os = "linux")]
    fn stop(&self) {
        self.stop.ask();
    }

    #[cfg(target_os = "linux")]
    #[getter]
    fn watched(&self) -> Vec<Watched> {
        self.lock().watched().into_iter().map(Watched).collect()
    }

    fn forget_certificates(&self) {
        self.lock().forget_certificates();
    }

    fn read(&self, py: Python<'_>) -> Option<Batch> {
        let (output, starts) = py.detach(|| {
            let mut reading = self.lock();
            Some((reading.portion()?, reading.progress().starts))
        })?;
        Some(Batch {
            output,
            source: Source {
                sensor: self.source.sensor.clone(),
                captures: self.source.captures.begun(starts),
            },
        })
    }

    #[getter]
    fn packets(&self) -> u64 {
        self.lock().progress().packets
    }

    #[getter]
    fn bytes_read(&self) -> u64 {
        self.lock().progress().bytes_read
    }

    #[getter]
    fn first_ns(&self) -> Option<u64> {
        self.lock().progress().span_ns.map(|span| span.0)
    }

    #[getter]
    fn last_ns(&self) -> Option<u64> {
        self.lock().progress().span_ns.map(|span| span.1)
    }

    #[getter]
    fn damage(&self) -> Vec<CaptureDamage> {
        let reports = self.lock().reports();
        let faults = reports.into_iter().flat_map(|report| report.faults);
        faults.map(CaptureDamage).collect()
    }

    #[getter]
    fn sha256<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        match self.lock().reports().as_slice() {
            [one] => one.sha256.map(|hash| PyBytes::new(py, &hash)),
            _ => None,
        }
    }

    #[getter]
    fn files(&self) -> Vec<FileReport> {
        let reports = self.lock().reports();
        reports.into_iter().map(FileReport).collect()
    }

    #[getter]
    fn counters(&self) -> HashMap<&'static str, u64> {
        self.lock().counters().list().into_iter().collect()
    }
}

fn plan(
    sensor: &str,
    sha256: bool,
    limits: Option<HashMap<String, usize>>,
    memory: Option<usize>,
    workers: usize,
) -> PyResult<Plan> {
    let mut caps = memory.map_or_else(Limits::default, Limits::within);
    for (cap, value) in limits.into_iter().flatten() {
        if !caps.set(&cap, value) {
            return Err(PyValueError::new_err(format!("no limit is called {cap}")));
        }
    }
    Ok(Plan {
        sensor: sensor.to_owned(),
        limits: caps,
        sha256,
        workers,
        privacy: Privacy::default(),
    })
}

fn open(path: &Path, mapped: bool) -> io::Result<Input> {
    let file = File::open(path)?;
    Ok(if mapped {
        Input::Mapped(file)
    } else {
        Input::File(file)
    })
}

#[cfg(target_os = "linux")]
#[pyfunction]
fn keep_net_raw_only() -> PyResult<()> {
    crate::privileges::keep_net_raw_only().map_err(Into::into)
}

#[pyfunction]
fn first_packet_ns(py: Python<'_>, path: PathBuf) -> PyResult<Option<u64>> {
    let file = File::open(path)?;
    Ok(py.detach(|| capture::first_time_ns(Input::File(file))))
}

#[pyfunction]
fn session_columns() -> PyResult<Vec<(String, String, bool)>> {
    rows::schema().map_err(|error| value_error(&error))
}

#[pyfunction]
fn no_sessions(py: Python<'_>) -> PyResult<Bound<'_, PyBytes>> {
    let bytes = rows::arrow(&[], &Source::default()).map_err(|error| value_error(&error))?;
    Ok(PyBytes::new(py, &bytes))
}

#[pyfunction]
fn default_limits() -> HashMap<&'static str, usize> {
    Limits::default().list().into_iter().collect()
}

#[pyfunction]
fn known_counters() -> Vec<&'static str> {
    let counters = Counters::default().list().into_iter();
    counters.map(|(name, _)| name).collect()
}

#[pyfunction]
fn registry_name(registry: &str, number: u16) -> PyResult<Option<&'static str>> {
    Ok(match registry {
        "version" => registry::Version(number).name(),
        "cipher_suite" => registry::cipher_suite(number),
        "named_group" => registry::group(number),
        "signature_scheme" => registry::signature_scheme(number),
        "alert" => u8::try_from(number).ok().and_then(registry::alert),
        _ => {
            return Err(PyValueError::new_err(format!(
                "no registry is called {registry}"
            )))
        }
    })
}

type NamedColumn<'py> = (String, String, Bound<'py, PyAny>);

#[pyfunction]
fn encode_arrow<'py>(
    py: Python<'py>,
    columns: Vec<NamedColumn<'py>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let columns = columns
        .into_iter()
        .map(|(name, kind, values)| {
            let column = column_of(&kind, &values)
                .map_err(|error| PyValueError::new_err(format!("column {name}: {error}")))?;
            Ok((name, column))
        })
        .collect::<PyResult<Vec<_>>>()?;
    let bytes = table::encode(columns).map_err(|error| value_error(&error))?;
    Ok(PyBytes::new(py, &bytes))
}

fn column_of(kind: &str, values: &Bound<'_, PyAny>) -> PyResult<Column> {
    Ok(match kind {
        "bool" => Column::Bool(values.extract()?),
        "int64" => Column::Int64(values.extract()?),
        "string" => Column::String(values.extract()?),
        "binary" => Column::Binary(values.extract()?),
        "timestamp_ms" => Column::TimestampMs(values.extract()?),
        "list_string" => {
            let lists: Vec<Option<Vec<String>>> = values.extract()?;
            Column::ListString(lists.into_iter().map(Option::unwrap_or_default).collect())
        }
        _ => match kind.strip_prefix("fixed_").map(str::parse) {
            Some(Ok(width)) if width > 0 => Column::Fixed(width, values.extract()?),
            _ => return Err(PyValueError::new_err(format!("unknown kind {kind}"))),
        },
    })
}
