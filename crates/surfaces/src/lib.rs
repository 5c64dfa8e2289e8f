//! The list of all surfaces: the one place that names them.

use docket_surfaces_kit::Surface;

pub use docket_surfaces_native::read_view;

/// All surfaces.
pub fn all() -> Vec<Surface> {
    vec![
        docket_surfaces_native::surface(),
        docket_surfaces_openai::surface(),
        docket_surfaces_clarifai::surface(),
        docket_surfaces_calypsoai::surface(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_surfaces_kit::contract::surface_of;
    use docket_surfaces_kit::{App, Environment, Limits, Setup, edge};

    #[test]
    fn surfaces_share_neither_names_nor_paths() {
        let surfaces = all();
        let mut names: Vec<&str> = surfaces.iter().map(|surface| surface.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), surfaces.len());
        for surface in &surfaces {
            for prefix in surface.prefixes {
                assert!(prefix.is_empty() || prefix.starts_with('/') && !prefix.ends_with('/'));
                let path = format!("{prefix}/x");
                let answers = surface_of(&surfaces, &path).map(|surface| surface.name);
                assert_eq!(answers, Some(surface.name), "{path}");
            }
        }
        // Two surfaces with one route would panic here.
        let environment = Environment::system();
        let limits = Limits::default();
        let _ = edge::router(App::new(Setup {
            surfaces,
            limits,
            environment,
            metrics: None,
        }));
    }
}
