"""From region–word numbers to grids (``maps``) and pixels (``heatmap``)."""
