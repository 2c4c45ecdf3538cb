"""One async function for each method of the service, in four files by what they serve."""
