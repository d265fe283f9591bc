//! What the targets for objects and images share: everything that is done with one, and changes that keep an object's headers valid.

mod image;
mod mutate;
mod object;

pub use image::read_and_fill;
pub use mutate::mutate;
pub use object::check_and_link;
