//! Numbers of Rust as arrays of numpy, and the other way round.

use numpy::ndarray::{ArrayView, Dimension, IxDyn};
use numpy::{Element, PyArray, PyArray1, PyArrayDyn, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use sparring_envs::{Obs, Space};

/// The shape of a point of `space`.
pub fn shape_of(space: &Space) -> Vec<usize> {
    match space {
        Space::Discrete { .. } => vec![1],
        Space::Box { shape, .. } => shape.clone(),
    }
}

/// A new array with a copy of `values`, row-major.
pub fn copied<'py, T: Element + Copy>(
    py: Python<'py>,
    values: &[T],
    shape: &[usize],
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: all of it is written before anybody reads it; a length that differs is an error.
    let array = unsafe { PyArrayDyn::<T>::new(py, IxDyn(shape), false) };
    // SAFETY: it is new, so that nobody else has it.
    let place = unsafe { array.as_slice_mut() }.map_err(no_slice)?;
    if place.len() != values.len() {
        return Err(no_slice(format!("{} values for the shape {shape:?}", values.len())));
    }
    place.copy_from_slice(values);
    Ok(array.into_any())
}

/// The memory of `values` as an array that keeps `owner` alive.
///
/// # Safety
/// The memory must stay where it is as long as `owner` lives.
unsafe fn viewed<'py, T: Element>(
    values: &[T],
    shape: &[usize],
    owner: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let view = ArrayView::from_shape(IxDyn(shape), values).map_err(no_slice)?;
    // SAFETY: the caller's.
    Ok(unsafe { PyArray::borrow_from_array(&view, owner.clone()) }.into_any())
}

/// Observations as an array: a copy, or with an `owner` the memory itself.
///
/// # Safety
/// With an `owner` the memory must stay where it is as long as that lives.
pub unsafe fn observations<'py>(
    py: Python<'py>,
    obs: Obs<'_>,
    shape: &[usize],
    owner: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    match (obs, owner) {
        (Obs::F32(values), None) => copied(py, values, shape),
        (Obs::U8(values), None) => copied(py, values, shape),
        // SAFETY: the caller's.
        (Obs::F32(values), Some(owner)) => unsafe { viewed(values, shape, owner) },
        // SAFETY: the caller's.
        (Obs::U8(values), Some(owner)) => unsafe { viewed(values, shape, owner) },
    }
}

/// An array of flags.
pub fn flags<'py>(
    py: Python<'py>,
    values: impl ExactSizeIterator<Item = bool>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: all of it is written before anybody reads it.
    let array = unsafe { PyArray1::<bool>::new(py, values.len(), false) };
    // SAFETY: it is new, so that nobody else has it.
    let places = unsafe { array.as_slice_mut() }.map_err(no_slice)?;
    for (place, value) in places.iter_mut().zip(values) {
        *place = value;
    }
    Ok(array.into_any())
}

/// The values of `array`, which must be of this type and shape and row-major, appended to `to`.
pub fn take<T: Element + Copy, D: Dimension, U>(
    array: &Bound<'_, PyArray<T, D>>,
    shape: &[usize],
    to: &mut Vec<U>,
    of: impl Fn(T) -> U,
) -> PyResult<()> {
    use numpy::PyUntypedArrayMethods;
    if array.shape() != shape {
        let found = array.shape();
        return Err(PyValueError::new_err(format!(
            "an array of shape {found:?}, but it must be {shape:?}"
        )));
    }
    let borrowed = array.try_readonly().map_err(no_slice)?;
    to.extend(borrowed.as_slice().map_err(no_slice)?.iter().map(|value| of(*value)));
    Ok(())
}

fn no_slice(error: impl ToString) -> PyErr {
    PyValueError::new_err(format!(
        "an array that cannot be read as it is: {}; pass numpy.ascontiguousarray of it",
        error.to_string()
    ))
}
